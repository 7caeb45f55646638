// Activations: the exponential, and the activations that follow a product, while it is in registers or after BLAS.

#pragma once

#include "binding.hpp"
#include "vector.hpp"

namespace inkgrad {

enum class Slope : int { identity = 0, leaky = 1, elu = 2 };  // leaky with leak 0 is ReLU

template <class T>
constexpr T LOWEST = T(sizeof(T) == 4 ? -87 : -708);  // e^x is an ordinary number from here on

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), with n the whole number next to x / ln 2 and r = x - n ln 2, so |r| is at
// most ln 2 / 2 and a few terms of Taylor's series are exact to the last bits.  x is held to where e^x is an
// ordinary number.  `one` of 0 gives e^x - 1, 1 gives e^x.
template <class T>
ALWAYS_INLINE Vector<T> exponential(Vector<T> x, T one) {
    constexpr bool single = sizeof(T) == 4;
    constexpr int terms = single ? 7 : 13, mantissa = single ? 23 : 52, bias = single ? 127 : 1023;
    constexpr T high = T(single ? 88 : 709);
    // ln 2 in two parts: the first has zeros at its end, so n times it is exact.
    constexpr T ln2_high = T(single ? 0x1.62e4p-1 : 0x1.62e42feep-1);
    constexpr T ln2_low = T(single ? 0x1.7f7d1cf79abcap-20 : 0x1.a39ef35793c76p-33);
    constexpr T shifter = T(single ? 0x1.8p23 : 0x1.8p52);  // adding it rounds to a whole number
    x = x < LOWEST<T> ? all(LOWEST<T>) : x;
    x = x > high ? all(high) : x;
    Vector<T> n = (x * T(1.4426950408889634) + shifter) - shifter;
    Vector<T> r = x - n * ln2_high - n * ln2_low;
    Vector<T> p = r * (T(1) / terms);
    for (int k = terms - 1; k >= 1; k--) p = (p + T(1)) * r * (T(1) / T(k));
    Vector<T> scale = (Vector<T>)((__builtin_convertvector(n, Integers<T>) + bias) << mantissa);
    return one == T(1) ? scale * p + scale : scale * p + (scale - T(1));  // 1 added to e^x - 1 would lose small e^x
}

template <class T>
ALWAYS_INLINE Vector<T> activate(Slope slope, T alpha, Vector<T> x) {
    if (slope == Slope::identity) return x;
    if (slope == Slope::leaky) return x > T(0) ? x : x * alpha;
    return x > T(0) ? x : alpha * exponential(x, T(0));
}

// y = activation(y + b), row by row, in place; false where a number is too large for us.
template <class T>
bool bias_activation(int rows, int columns, const T* b, Slope slope, T alpha, T* y) {
    Watch<T> watch;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j += LANES<T>) {
            const int n = smaller(LANES<T>, columns - j);
            T* here = y + size_t(i) * columns + j;
            Vector<T> x = load_first(n, here) + load_first(n, b + j);
            watch.see(x);
            store_first(n, here, activate(slope, alpha, x));
        }
    return watch.tame();
}

// dz = dy times the slope, and db = the sum of dz over the rows.  y tells the slope: above 0 it is 1.
// False where a number is too large for us.
template <class T>
bool activation_gradient(int rows, int columns, const T* y, const T* dy, Slope slope, T alpha, T* dz, T* db) {
    Watch<T> watch;
    for (int j = 0; j < columns; j += LANES<T>) {
        const int n = smaller(LANES<T>, columns - j);
        Vector<T> sum{};
        for (int i = 0; i < rows; i++) {
            const size_t here = size_t(i) * columns + j;
            Vector<T> d = load_first(n, dy + here), out = load_first(n, y + here);
            watch.see(d);
            if (slope == Slope::leaky) d = out > T(0) ? d : d * alpha;
            if (slope == Slope::elu) d = out > T(0) ? d : d * (out + alpha);
            store_first(n, dz + here, d);
            sum += d;
        }
        store_first(n, db + j, sum);
    }
    return watch.tame();
}

// From Python ----------------------------------------------------------------------------------------------

template <class T>
void define_activations(nb::module_& m) {
    m.def(
        "bias_activation",
        [](Array<T> y, Input<T> b, int slope, T alpha) {
            expect(y.ndim() == 2, "y has two axes");
            expect_shape(b, {y.shape(1)}, "b has the wrong shape");
            return bias_activation(int(y.shape(0)), int(y.shape(1)), b.data(), Slope(slope), alpha, y.data());
        },
        fixed("y"), fixed("b"), "slope"_a, "alpha"_a, NoLock());
    m.def(
        "activation_gradient",
        [](Input<T> y, Input<T> dy, int slope, T alpha, Array<T> dz, Array<T> db) {
            expect(y.ndim() == 2, "y has two axes");
            expect_shape(dy, {y.shape(0), y.shape(1)}, "dy has the wrong shape");
            expect_shape(dz, {y.shape(0), y.shape(1)}, "dz has the wrong shape");
            expect_shape(db, {y.shape(1)}, "db has the wrong shape");
            return activation_gradient(int(y.shape(0)), int(y.shape(1)), y.data(), dy.data(), Slope(slope), alpha,
                                       dz.data(), db.data());
        },
        fixed("y"), fixed("dy"), "slope"_a, "alpha"_a, fixed("dz"), fixed("db"), NoLock());
}

}  // namespace inkgrad
