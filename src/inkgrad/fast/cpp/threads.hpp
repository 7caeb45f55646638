// Threads: the parts of one job on several threads.
//
// The threads wait for the next job a moment in a loop, as training has one every few microseconds, and then
// asleep.  Who is free takes the next part, so a thread that the system holds up does not hold up the rest.
// What a part computes does not depend on who does it: results are the same bits on any number of threads.

#pragma once

#include <cstddef>

namespace inkgrad {

constexpr size_t ALIGNMENT = 64;
constexpr int MOST_THREADS = 256;

// Do work(context, part, scratch) for parts 0..n-1 on at most n_threads threads, and return when all are done.
// Each thread brings `scratch_size` bytes.  Throws std::bad_alloc where there is no memory for them.
void share(int n_threads, int n_parts, size_t scratch_size, void (*work)(void*, int, void*), void* context);

// The calling thread's own memory for what all parts use: the same at every call, so it is not new each time.
void* workspace(size_t size);

template <class Work>
void share(int n_threads, int n_parts, size_t scratch_size, Work work) {
    share(n_threads, n_parts, scratch_size,
          [](void* context, int part, void* scratch) { (*static_cast<Work*>(context))(part, scratch); }, &work);
}

}  // namespace inkgrad
