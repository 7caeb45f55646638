#include "threads.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace inkgrad {
namespace {

constexpr int MOST_PARTS = 0xffff;
constexpr int LOOKS = 4000;          // looks at the ticket before a thread sleeps: longer than Python takes between two kernels
constexpr uint64_t BUSY = ~uint64_t(0);  // the ticket while a job is written

void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// A thread's own memory, kept from job to job.
class Scratch {
  public:
    void* room(size_t size) {
        if (size > size_) {
            std::free(memory_);
            size_ = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            memory_ = std::aligned_alloc(ALIGNMENT, size_);
            if (!memory_) {
                size_ = 0;
                throw std::bad_alloc();
            }
        }
        return memory_;
    }
    ~Scratch() { std::free(memory_); }

  private:
    void* memory_ = nullptr;
    size_t size_ = 0;
};

thread_local Scratch scratch, kept;

// One job at a time.  The ticket is the job's number and the next part to take; the number changes before a
// job is written and again after, so a thread that looked at an older job cannot take a part of it.
class Pool {
  public:
    // Returns false where another job is under way.
    bool run(int n_threads, int n_parts, size_t scratch_size, void (*work)(void*, int, void*), void* context) {
        std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock) return false;
        try {
            while (int(threads_.size()) < n_threads - 1) threads_.emplace_back(&Pool::help, this, int(threads_.size()));
        } catch (const std::system_error&) {  // the system gives no more: those there are will do
        }
        void* mine = scratch.room(scratch_size);
        const uint64_t number = ++number_;
        ticket_.exchange(BUSY);
        work_.store(work, std::memory_order_release);
        context_.store(context, std::memory_order_release);
        n_parts_.store(n_parts, std::memory_order_release);
        n_helpers_.store(n_threads - 1, std::memory_order_release);
        scratch_size_.store(scratch_size, std::memory_order_release);
        left_.store(n_parts, std::memory_order_release);
        ticket_.store(number << 16, std::memory_order_seq_cst);
        if (asleep_.load(std::memory_order_seq_cst)) ticket_.notify_all();
        take_parts(number, work, context, n_parts, mine);
        for (int looks = 0; left_.load(std::memory_order_acquire); looks++) looks < LOOKS ? pause() : std::this_thread::yield();
        return true;
    }

  private:
    void take_parts(uint64_t number, void (*work)(void*, int, void*), void* context, int n_parts, void* mine) {
        uint64_t ticket = ticket_.load(std::memory_order_acquire);
        while (ticket >> 16 == number && int(ticket & MOST_PARTS) < n_parts)
            if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
                work(context, int(ticket & MOST_PARTS), mine);
                left_.fetch_sub(1, std::memory_order_acq_rel);
                ticket = ticket_.load(std::memory_order_acquire);
            }
    }

    void help(int me) {
        uint64_t done = 0;  // the number of the last job that was looked at
        while (true) {
            uint64_t ticket = ticket_.load(std::memory_order_acquire);
            for (int looks = 0; looks < LOOKS && (ticket == BUSY || ticket >> 16 == done); looks++) {
                pause();
                ticket = ticket_.load(std::memory_order_acquire);
            }
            if (ticket == BUSY) continue;
            if (ticket >> 16 == done) {
                asleep_.fetch_add(1, std::memory_order_seq_cst);
                ticket_.wait(ticket, std::memory_order_seq_cst);
                asleep_.fetch_sub(1, std::memory_order_seq_cst);
                continue;
            }
            // These may be of a later job than the ticket: then taking a part fails, as the number has changed.
            auto work = work_.load(std::memory_order_acquire);
            void* context = context_.load(std::memory_order_acquire);
            const int n_parts = n_parts_.load(std::memory_order_acquire);
            const bool wanted = me < n_helpers_.load(std::memory_order_acquire);
            const size_t size = scratch_size_.load(std::memory_order_acquire);
            done = ticket >> 16;
            if (!wanted) continue;
            void* mine;
            try {
                mine = scratch.room(size);
            } catch (const std::bad_alloc&) {
                continue;  // the others do it
            }
            take_parts(done, work, context, n_parts, mine);
        }
    }

    std::mutex mutex_;
    std::vector<std::thread> threads_;
    uint64_t number_ = 0;
    std::atomic<uint64_t> ticket_{0};
    std::atomic<int> left_{0}, asleep_{0}, n_parts_{0}, n_helpers_{0};
    std::atomic<size_t> scratch_size_{0};
    std::atomic<void (*)(void*, int, void*)> work_{nullptr};
    std::atomic<void*> context_{nullptr};
};

// The pool of this process.  It is never taken down: its threads may wait for ever.  After a fork they are gone,
// so the child makes its own.
Pool& pool() {
    static std::atomic<Pool*> current{nullptr};
    static std::atomic<pid_t> owner{0};
    static std::mutex making;
    if (owner.load(std::memory_order_acquire) != getpid()) {
        std::lock_guard lock(making);
        if (owner.load(std::memory_order_acquire) != getpid()) {
            current.store(new Pool, std::memory_order_release);
            owner.store(getpid(), std::memory_order_release);
        }
    }
    return *current.load(std::memory_order_acquire);
}

}  // namespace

void* workspace(size_t size) { return kept.room(size); }

void share(int n_threads, int n_parts, size_t scratch_size, void (*work)(void*, int, void*), void* context) {
    n_threads = std::min({n_threads, n_parts, MOST_THREADS});
    if (n_threads > 1 && n_parts < MOST_PARTS && pool().run(n_threads, n_parts, scratch_size, work, context)) return;
    void* mine = scratch.room(scratch_size);
    for (int part = 0; part < n_parts; part++) work(context, part, mine);
}

}  // namespace inkgrad
