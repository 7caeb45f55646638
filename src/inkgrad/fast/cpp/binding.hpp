// Binding: what every kernel needs to be called from Python: arrays whose shapes are checked, and threads.

#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "threads.hpp"

namespace inkgrad {

namespace nb = nanobind;
using namespace nb::literals;

constexpr int PARTS_PER_THREAD = 8;       // small enough parts that all threads end together
constexpr size_t MOST = size_t(1) << 24;  // numbers in one example

// Arrays as kernels take them: by reference, as one by value would be given back to Python inside the kernel, where
// the lock of Python is not held.
template <class T>
using Array = const nb::ndarray<T, nb::c_contig, nb::device::cpu>&;
template <class T>
using Input = Array<const T>;

// Lets other threads of Python go on while a kernel works.  Where Python ends meanwhile, Python before 3.14 ends the
// thread that wants to come back with pthread_exit, and that unwinds the stack like an exception, but one that neither
// a destructor nor nanobind can let through.  So the thread stays here until the process is gone, as from 3.14 on.
class Unlocked {
  public:
    Unlocked() : thread_(PyEval_SaveThread()) {}
    ~Unlocked() {
        try {
            PyEval_RestoreThread(thread_);
        } catch (...) {
            while (true) pause();
        }
    }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

  private:
    PyThreadState* thread_;
};
using NoLock = nb::call_guard<Unlocked>;

// An argument that is taken as it is: a copy of another type would get what is written.
inline auto fixed(const char* name) { return nb::arg(name).noconvert(); }

inline void expect(bool holds, const char* what) {
    if (!holds) throw nb::value_error(what);
}

template <class A>
void expect_shape(const A& array, std::initializer_list<size_t> shape, const char* what) {
    bool same = array.ndim() == shape.size();
    size_t axis = 0;
    for (size_t size : shape) same = same && array.shape(axis++) == size;
    expect(same, what);
}

// How many parts to cut n examples into, of `fewest` or more each.
inline int parts_of(int n, int n_threads, int per_thread = PARTS_PER_THREAD, int fewest = 1) {
    return std::max(1, std::min(n / fewest, per_thread * std::clamp(n_threads, 1, MOST_THREADS)));
}

inline int cut(int n, int part, int parts) { return int(int64_t(n) * part / parts); }  // where a part begins

// Call work(first, last, scratch) for n examples in so many parts; false where a part was false: it met a number
// that is too large for us.
template <class Work>
bool for_parts(int n, int parts, int n_threads, size_t scratch_size, Work work) {
    std::atomic<bool> tame{true};
    share(n_threads, parts, scratch_size, [&](int part, void* scratch) {
        if (!work(cut(n, part, parts), cut(n, part + 1, parts), scratch)) tame = false;
    });
    return tame;
}

// The calling thread's own memory for so many numbers.
template <class T>
T* room_for(size_t n) {
    return static_cast<T*>(workspace(sizeof(T) * n));
}

}  // namespace inkgrad
