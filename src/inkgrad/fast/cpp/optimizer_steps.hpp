// The steps of SGD and Adam, each in one pass over memory where NumPy takes four to ten.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include "binding.hpp"

namespace inkgrad {

// v = momentum v + g,  theta -= lr v; see optimizers/sgd.py.
template <class T>
void sgd_stretch(size_t first, size_t last, T* __restrict theta, const T* __restrict g, T* __restrict v, T lr, T momentum) {
    for (size_t i = first; i < last; i++) {
        const T speed = momentum * v[i] + g[i];
        v[i] = speed;
        theta[i] -= lr * speed;
    }
}

// See optimizers/adam.py: new1 is 1 - beta1 and new2 1 - beta2, `lr` is divided by 1 - beta1^t, `root` is
// 1 / sqrt(1 - beta2^t), `keep` is what the decay leaves.
template <class T>
void adam_stretch(size_t first, size_t last, T* __restrict theta, const T* __restrict g, T* __restrict m,
                  T* __restrict v, T lr, T new1, T new2, T root, T eps, T keep) {
    for (size_t i = first; i < last; i++) {
        const T mean = m[i] + new1 * (g[i] - m[i]), square = v[i] + new2 * (g[i] * g[i] - v[i]);
        m[i] = mean;
        v[i] = square;
        const T size = sizeof(T) == 4 ? T(__builtin_sqrtf(float(square))) : T(__builtin_sqrt(double(square)));
        theta[i] = theta[i] * keep - lr * mean / (size * root + eps);
    }
}

// From Python ----------------------------------------------------------------------------------------------

constexpr size_t STRETCH = 1 << 14;  // parameters that a thread does at a time
constexpr size_t MOST_STRETCHES = 1 << 15;

template <class Step>
void for_stretches(size_t size, int n_threads, Step step) {
    const size_t stretch = std::max(STRETCH, size / MOST_STRETCHES + 1), parts = (size + stretch - 1) / stretch;
    share(n_threads, int(parts), 0,
          [&](int part, void*) { step(part * stretch, std::min(size, (part + 1) * stretch)); });
}

template <class T>
void sgd(Array<T> theta, Input<T> g, Array<T> v, double lr, double momentum, int n_threads) {
    const size_t size = theta.size();
    expect_shape(theta, {size}, "theta has one axis");
    expect_shape(g, {size}, "the gradient has the wrong shape");
    expect_shape(v, {size}, "v has the wrong shape");
    for_stretches(size, n_threads, [&](size_t first, size_t last) {
        sgd_stretch(first, last, theta.data(), g.data(), v.data(), T(lr), T(momentum));
    });
}

template <class T>
void adam(Array<T> theta, Input<T> g, Array<T> m, Array<T> v, double lr, double beta1, double beta2, double root,
          double eps, double keep, int n_threads) {
    const size_t size = theta.size();
    expect_shape(theta, {size}, "theta has one axis");
    expect_shape(g, {size}, "the gradient has the wrong shape");
    expect_shape(m, {size}, "m has the wrong shape");
    expect_shape(v, {size}, "v has the wrong shape");
    for_stretches(size, n_threads, [&](size_t first, size_t last) {
        adam_stretch(first, last, theta.data(), g.data(), m.data(), v.data(), T(lr), T(1 - beta1), T(1 - beta2), T(root),
                     T(eps), T(keep));
    });
}

template <class T>
void define_optimizer_steps(nb::module_& m) {
    m.def("sgd", sgd<T>, fixed("theta"), fixed("g"), fixed("v"), "lr"_a, "momentum"_a, "n_threads"_a, NoLock());
    m.def("adam", adam<T>, fixed("theta"), fixed("g"), fixed("m"), fixed("v"), "lr"_a, "beta1"_a, "beta2"_a, "root"_a,
          "eps"_a, "keep"_a, "n_threads"_a, NoLock());
}

}  // namespace inkgrad
