// Prepared: answers of a network whose parameters stay as they are, for an example or a few.
//
// For one example the other kernels spend more on the weights than on the example: they look at all of them for
// numbers that are too large, transform them for Winograd's way, widen them to whole vectors, and bring those of a
// sparse layer into the cache, whether the example needs them or not.  Here that is done once, and of W (n_in, n_out) of
// a sparse layer only the rows are read whose inputs are not zero.  The sums are taken in the same order, so the bits
// are the same.
//
// Measured gain: docs/fast.md, "One input at a time".

#pragma once

#include <cstdlib>
#include <new>

#include "binding.hpp"
#include "conv_forward.hpp"
#include "narrow_dense.hpp"
#include "sparse_dense.hpp"

namespace inkgrad {

// The rows [0, rows) of prepared weights, `wide` numbers each, as an array that Python keeps.
template <class T>
class Prepared {
  public:
    Prepared(size_t rows, size_t wide) : rows_(rows), wide_(wide) {
        const size_t size = (std::max<size_t>(1, sizeof(T) * rows * wide) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        memory_ = static_cast<T*>(std::aligned_alloc(ALIGNMENT, size));
        if (!memory_) throw std::bad_alloc();
        owner_ = nb::capsule(memory_, [](void* memory) noexcept { std::free(memory); });
    }
    T* data() const { return memory_; }
    nb::object array() const { return nb::cast(nb::ndarray<nb::numpy, T, nb::c_contig>(memory_, {rows_, wide_}, owner_)); }

  private:
    size_t rows_, wide_;
    T* memory_;
    nb::capsule owner_;
};

// y of one example from its listed inputs, for `vectors` vectors of columns from `column` on.
template <class T, int vectors>
ALWAYS_INLINE void add_listed(int count, const int32_t* index, const T* value, const T* W, const T* b, int wide, int column,
                              int n_out, Slope slope, T alpha, T* y, Watch<T>& watch) {
    constexpr int L = LANES<T>;
    Vector<T> s[vectors];
    UNROLL
    for (int v = 0; v < vectors; v++) s[v] = load(b + column + v * L);
    for (int k = 0; k < count; k++) {
        const T* w = W + size_t(index[k]) * wide + column;
        const T x = value[k];
        UNROLL
        for (int v = 0; v < vectors; v++) s[v] += x * load(w + v * L);
    }
    UNROLL
    for (int v = 0; v < vectors; v++) {
        watch.see(s[v]);
        store_first(smaller(L, n_out - column - v * L), y + column + v * L, activate(slope, alpha, s[v]));
    }
}

// From Python ----------------------------------------------------------------------------------------------

template <class T>
nb::object prepare_conv(Input<T> W, Input<T> b, bool winograd) {
    expect(W.ndim() == 4, "W has four axes");
    const size_t c_in = W.shape(2), c_out = W.shape(3);
    expect(c_in < MOST && c_out < MOST && c_in * c_out < MOST, "too large");
    expect_shape(W, {3, 3, c_in, c_out}, "W has the wrong shape");
    expect_shape(b, {c_out}, "b has the wrong shape");
    const Prepared<T> kept((winograd ? 16 : 9) * c_in + 1, padded<T>(int(c_out)));
    const Images<T> images{0, 0, 0, int(c_in), nullptr, nullptr};
    const ConvForward<T> job{images, int(c_out), winograd, W.data(), b.data(), nullptr, nullptr, kept.data()};
    return prepare(job) ? kept.array() : nb::none();
}

template <class T>
nb::object prepare_dense(Input<T> W, Input<T> b) {
    expect(W.ndim() == 2, "W has two axes");
    const size_t n_in = W.shape(0), n_out = W.shape(1);
    expect(n_in < MOST && n_out < MOST, "too large");
    expect_shape(b, {n_out}, "b has the wrong shape");
    const size_t wide = padded<T>(int(n_out));
    const Prepared<T> kept(n_in + 1, wide);
    const bool tame = widen_rows(int(n_in), int(n_out), W.data(), kept.data());
    widen_rows(1, int(n_out), b.data(), kept.data() + n_in * wide);  // the sums tell of a bias that is too large
    return tame ? kept.array() : nb::none();
}

// y and the codes, by what prepare_conv made; false where a number is too large for us.
template <class T, class X>
bool conv_forward_prepared(Input<X> x, Input<T> prepared, Array<T> y, Array<uint8_t> codes) {
    expect(x.ndim() == 4 && y.ndim() == 4 && prepared.ndim() == 2, "x and y have four axes, what is prepared two");
    const size_t c_in = x.shape(3), c_out = y.shape(3);
    expect(x.shape(0) < MOST && c_out < MOST, "too large");
    expect(x.shape(1) * x.shape(2) < MOST && x.shape(1) * x.shape(2) * c_in < MOST, "too large");
    const bool winograd = prepared.shape(0) == 16 * c_in + 1;
    expect_shape(prepared, {(winograd ? 16 : 9) * c_in + 1, size_t(padded<T>(int(c_out)))}, "what is prepared is not for x and y");
    Images<T> images{int(x.shape(0)), int(x.shape(1)), int(x.shape(2)), int(c_in), nullptr, nullptr};
    if constexpr (std::is_same_v<X, uint8_t>) images.bytes = x.data();
    else images.x = x.data();
    expect_pooled(images, c_out, y, "y has the wrong shape");
    expect_pooled(images, c_out, codes, "codes have the wrong shape");
    const ConvForward<T> job{images, int(c_out), winograd, nullptr, nullptr, y.data(), codes.data(),
                             const_cast<T*>(prepared.data())};  // which is only read now
    const size_t tiles = winograd ? winograd_scratch<T>(job.c_in, job.c_out) : 0;
    return forward_images(job, 0, job.n, room_for<T>(Bordered<T>(job).size + tiles));
}

template <class T, class A>
void expect_dense(const A& x, Input<T> prepared, Array<T> y) {
    expect(x.ndim() == 2 && y.ndim() == 2, "x and y have two axes");
    expect(x.shape(0) < MOST && x.shape(1) < MOST && y.shape(1) < MOST, "too large");
    expect_shape(prepared, {x.shape(1) + 1, size_t(padded<T>(int(y.shape(1))))}, "what is prepared is not for x and y");
    expect_shape(y, {x.shape(0), y.shape(1)}, "y has the wrong shape");
}

// y for inputs that are mostly zero, by what prepare_dense made; false where a number is too large for us.
template <class T, class X>
bool sparse_forward_prepared(Input<X> x, Input<T> prepared, int slope, T alpha, Array<T> y) {
    expect_dense(x, prepared, y);
    const int n = int(x.shape(0)), n_in = int(x.shape(1)), n_out = int(y.shape(1)), wide = int(prepared.shape(1));
    const T *W = prepared.data(), *b = W + size_t(n_in) * wide;
    T* value = room_for<T>(2 * (size_t(n_in) + ROOM));
    int32_t* index = reinterpret_cast<int32_t*>(value + n_in + ROOM);
    Watch<T> watch;
    for (int i = 0; i < n; i++) {
        const int count = list_nonzero(x.data() + size_t(i) * n_in, 0, n_in, 0, index, value, watch);
        T* to = y.data() + size_t(i) * n_out;
        auto add = [&](auto vectors, int column) {
            add_listed<T, vectors>(count, index, value, W, b, wide, column, n_out, Slope(slope), alpha, to, watch);
            return column + vectors * LANES<T>;
        };
        int column = 0;
        while (wide - column >= 4 * LANES<T>) column = add(std::integral_constant<int, 4>(), column);
        while (wide - column >= LANES<T>) column = add(std::integral_constant<int, 1>(), column);
    }
    return watch.tame();
}

// The same for all inputs and few outputs.
template <class T>
bool narrow_forward_prepared(Input<T> x, Input<T> prepared, int slope, T alpha, Array<T> y) {
    expect_dense(x, prepared, y);
    const int n = int(x.shape(0)), n_in = int(x.shape(1)), n_out = int(y.shape(1)), wide = int(prepared.shape(1));
    T* sums = room_for<T>(size_t(n) * wide);
    multiply<T, false>(n, n_in, wide, x.data(), n_in, prepared.data(), sums);
    narrow_rows(n, n_out, sums, y.data());
    return bias_activation(n, n_out, prepared.data() + size_t(n_in) * wide, Slope(slope), alpha, y.data());
}

template <class T>
void define_prepared(nb::module_& m) {
    m.def("prepare_conv", prepare_conv<T>, fixed("W"), fixed("b"), "winograd"_a);
    m.def("prepare_dense", prepare_dense<T>, fixed("W"), fixed("b"));
    auto define = [&](auto conv, auto sparse) {
        m.def("conv_forward_prepared", conv, fixed("x"), fixed("prepared"), fixed("y"), fixed("codes"), NoLock());
        m.def("sparse_forward_prepared", sparse, fixed("x"), fixed("prepared"), "slope"_a, "alpha"_a, fixed("y"), NoLock());
    };
    define(conv_forward_prepared<T, T>, sparse_forward_prepared<T, T>);
    define(conv_forward_prepared<T, uint8_t>, sparse_forward_prepared<T, uint8_t>);
    m.def("narrow_forward_prepared", narrow_forward_prepared<T>, fixed("x"), fixed("prepared"), "slope"_a, "alpha"_a,
          fixed("y"), NoLock());
}

}  // namespace inkgrad
