// Narrow dense: y = activation(x W + b), dW = xᵀ dz and dx = dz Wᵀ where W has few columns, as the last layer's has
// one for each class.
//
// BLAS is made for large matrices, and its threads are not ours.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include "activations.hpp"
#include "binding.hpp"
#include "product.hpp"

namespace inkgrad {

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

// From Python ----------------------------------------------------------------------------------------------

// Call work(first, last, scratch) for n rows, in parts of `fewest` or more, with `width` numbers of scratch a row.
template <class T, class Work>
bool for_rows(int n, int n_threads, int fewest, int width, Work work) {
    const int parts = parts_of(n, n_threads, PARTS_PER_THREAD, fewest);
    return for_parts(n, parts, n_threads, sizeof(T) * width * (n / parts + 1), work);
}

// y; false where a number is too large for us.
template <class T>
bool narrow_forward(Input<T> x, Input<T> W, Input<T> b, int slope, T alpha, Array<T> y, int n_threads) {
    expect(x.ndim() == 2 && W.ndim() == 2, "x and W have two axes");
    expect(x.shape(0) < MOST && x.shape(1) < MOST && W.shape(1) < MOST, "too large");
    expect_shape(W, {x.shape(1), W.shape(1)}, "W has the wrong shape");
    expect_shape(b, {W.shape(1)}, "b has the wrong shape");
    expect_shape(y, {x.shape(0), W.shape(1)}, "y has the wrong shape");
    const int n = int(x.shape(0)), n_in = int(x.shape(1)), n_out = int(W.shape(1)), wide = padded<T>(n_out);
    T* wide_W = room_for<T>(size_t(n_in) * wide);
    if (!widen_rows(n_in, n_out, W.data(), wide_W)) return false;
    return for_rows<T>(n, n_threads, 7, wide, [&](int first, int last, void* scratch) {
        T *sums = static_cast<T*>(scratch), *to = y.data() + size_t(first) * n_out;
        multiply<T, false>(last - first, n_in, wide, x.data() + size_t(first) * n_in, n_in, wide_W, sums);
        narrow_rows(last - first, n_out, sums, to);
        return bias_activation(last - first, n_out, b.data(), Slope(slope), alpha, to);
    });
}

// dW, of which each part does some rows.
template <class T>
void narrow_gradient(Input<T> x, Input<T> dz, Array<T> dW, int n_threads) {
    expect(x.ndim() == 2, "x has two axes");
    expect(dz.ndim() == 2 && dz.shape(0) == x.shape(0), "dz has the wrong shape");
    expect(x.shape(0) < MOST && x.shape(1) < MOST && dz.shape(1) < MOST, "too large");
    expect_shape(dW, {x.shape(1), dz.shape(1)}, "dW has the wrong shape");
    const int n = int(x.shape(0)), n_in = int(x.shape(1)), n_out = int(dz.shape(1)), wide = padded<T>(n_out);
    T* wide_dz = room_for<T>(size_t(n) * wide);
    widen_rows(n, n_out, dz.data(), wide_dz);
    for_rows<T>(n_in, n_threads, 49, wide, [&](int first, int last, void* scratch) {
        T* sums = static_cast<T*>(scratch);
        multiply<T, true>(last - first, n, wide, x.data() + first, n_in, wide_dz, sums);
        narrow_rows(last - first, n_out, sums, dW.data() + size_t(first) * n_out);
        return true;
    });
}

template <class T>
void narrow_back(Input<T> dz, Input<T> W, Array<T> dx, int n_threads) {
    expect(dx.ndim() == 2, "dx has two axes");
    expect(dz.ndim() == 2 && dz.shape(0) == dx.shape(0), "dz has the wrong shape");
    expect(dx.shape(0) < MOST && dx.shape(1) < MOST && dz.shape(1) < MOST, "too large");
    expect_shape(W, {dx.shape(1), dz.shape(1)}, "W has the wrong shape");
    const int n = int(dx.shape(0)), n_in = int(dx.shape(1)), n_out = int(dz.shape(1)), wide = padded<T>(n_in);
    T* turned_W = room_for<T>(size_t(n_out) * wide);
    for (int i = 0; i < n_in; i++)
        for (int j = 0; j < n_out; j++) turned_W[size_t(j) * wide + i] = W.data()[size_t(i) * n_out + j];
    for_rows<T>(n, n_threads, 7, wide, [&](int first, int last, void* scratch) {
        T *rows = static_cast<T*>(scratch), *to = dx.data() + size_t(first) * n_in;
        multiply<T, false>(last - first, n_out, wide, dz.data() + size_t(first) * n_out, n_out, turned_W,
                           wide == n_in ? to : rows);
        if (wide != n_in) narrow_rows(last - first, n_in, rows, to);
        return true;
    });
}

template <class T>
void define_narrow_dense(nb::module_& m) {
    m.def("narrow_forward", narrow_forward<T>, fixed("x"), fixed("W"), fixed("b"), "slope"_a, "alpha"_a, fixed("y"),
          "n_threads"_a, NoLock());
    m.def("narrow_gradient", narrow_gradient<T>, fixed("x"), fixed("dz"), fixed("dW"), "n_threads"_a, NoLock());
    m.def("narrow_back", narrow_back<T>, fixed("dz"), fixed("W"), fixed("dx"), "n_threads"_a, NoLock());
}

}  // namespace inkgrad
