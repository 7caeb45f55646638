// Narrow dense: y = activation(x W + b), dW = xᵀ dz and dx = dz Wᵀ where W has few columns, as the last layer's has
// one for each class.
//
// BLAS is made for large matrices, and its threads are not ours.
//
// Measured gain: benchmarks/RESULTS.md, "What each kernel gains".

#pragma once

#include "activations.hpp"
#include "jobs.hpp"
#include "product.hpp"

namespace inkgrad::INKGRAD_ISA {

// Copy a matrix (rows, columns) into rows of whole vectors; false where a number is too large.
template <class T>
bool widen_rows(int rows, int columns, const T* from, T* to) {
    const int wide = padded<T>(columns);
    Watch<T> watch;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j += LANES<T>) {
            Vector<T> v = load_first(smaller(LANES<T>, columns - j), from + size_t(i) * columns + j);
            watch.see(v);
            store(to + size_t(i) * wide + j, v);
        }
    return watch.tame();
}

// Copy rows of whole vectors into a matrix (rows, columns).
template <class T>
void narrow_rows(int rows, int columns, const T* from, T* to) {
    const int wide = padded<T>(columns);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j += LANES<T>)
            store_first(smaller(LANES<T>, columns - j), to + size_t(i) * columns + j, load(from + size_t(i) * wide + j));
}

template <class T>
size_t narrow_prepared(const NarrowDense<T>& job) {  // W (n_in, wide); dz (n, wide); Wᵀ (n_out, wide)
    const size_t out = padded<T>(job.n_out), in = padded<T>(job.n_in);
    const size_t forward = job.n_in * out, gradient = job.n * out, back = job.n_out * in;
    return forward > gradient ? (forward > back ? forward : back) : (gradient > back ? gradient : back);
}

template <class T>
size_t narrow_scratch(const NarrowDense<T>& job, int rows) {  // a part's rows of y, dW or dx, in whole vectors
    const size_t out = padded<T>(job.n_out), in = padded<T>(job.n_in);
    return sizeof(T) * rows * (out > in ? out : in);
}

template <class T>
bool narrow_prepare(const NarrowDense<T>& job) {
    return widen_rows(job.n_in, job.n_out, job.W, job.prepared);
}

// y of the examples [first, last); false where a number is too large for us.
template <class T>
bool narrow_forward(const NarrowDense<T>& job, int first, int last, void* scratch) {
    T* sums = static_cast<T*>(scratch);
    const int wide = padded<T>(job.n_out);
    multiply<T, false>(last - first, job.n_in, wide, job.x + size_t(first) * job.n_in, job.n_in, job.prepared, sums);
    narrow_rows(last - first, job.n_out, sums, job.y + size_t(first) * job.n_out);
    return bias_activation(last - first, job.n_out, job.b, job.slope, job.alpha, job.y + size_t(first) * job.n_out);
}

template <class T>
void narrow_gradient_prepare(const NarrowDense<T>& job) {
    widen_rows(job.n, job.n_out, job.dz, job.prepared);
}

// The rows [first, last) of dW.
template <class T>
void narrow_gradient(const NarrowDense<T>& job, int first, int last, void* scratch) {
    T* sums = static_cast<T*>(scratch);
    multiply<T, true>(last - first, job.n, padded<T>(job.n_out), job.x + first, job.n_in, job.prepared, sums);
    narrow_rows(last - first, job.n_out, sums, job.dW + size_t(first) * job.n_out);
}

template <class T>
void narrow_back_prepare(const NarrowDense<T>& job) {
    const int wide = padded<T>(job.n_in);
    for (int i = 0; i < job.n_in; i++)
        for (int j = 0; j < job.n_out; j++) job.prepared[size_t(j) * wide + i] = job.W[size_t(i) * job.n_out + j];
}

// dx of the examples [first, last).
template <class T>
void narrow_back(const NarrowDense<T>& job, int first, int last, void* scratch) {
    T *rows = static_cast<T*>(scratch), *dx = job.dx + size_t(first) * job.n_in;
    const int wide = padded<T>(job.n_in);
    multiply<T, false>(last - first, job.n_out, wide, job.dz + size_t(first) * job.n_out, job.n_out, job.prepared,
                       wide == job.n_in ? dx : rows);
    if (wide != job.n_in) narrow_rows(last - first, job.n_in, rows, dx);
}

}  // namespace inkgrad::INKGRAD_ISA
