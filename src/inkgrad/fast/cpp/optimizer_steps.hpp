// The steps of SGD and Adam, each in one pass over memory where NumPy takes four to ten.
//
// Measured gain: benchmarks/RESULTS.md, "What each kernel gains".

#pragma once

#include "vector.hpp"

namespace inkgrad::INKGRAD_ISA {

// v = momentum v + g,  theta -= lr v; see optimizers/sgd.py.
template <class T>
void sgd(size_t first, size_t last, T* __restrict theta, const T* __restrict g, T* __restrict v, T lr, T momentum) {
    for (size_t i = first; i < last; i++) {
        const T speed = momentum * v[i] + g[i];
        v[i] = speed;
        theta[i] -= lr * speed;
    }
}

// See optimizers/adam.py: new1 is 1 - beta1 and new2 1 - beta2, `lr` is divided by 1 - beta1^t, `root` is
// 1 / sqrt(1 - beta2^t), `keep` is what the decay leaves.
template <class T>
void adam(size_t first, size_t last, T* __restrict theta, const T* __restrict g, T* __restrict m, T* __restrict v, T lr,
          T new1, T new2, T root, T eps, T keep) {
    for (size_t i = first; i < last; i++) {
        const T mean = m[i] + new1 * (g[i] - m[i]), square = v[i] + new2 * (g[i] * g[i] - v[i]);
        m[i] = mean;
        v[i] = square;
        const T size = sizeof(T) == 4 ? T(__builtin_sqrtf(float(square))) : T(__builtin_sqrt(double(square)));
        theta[i] = theta[i] * keep - lr * mean / (size * root + eps);
    }
}

}  // namespace inkgrad::INKGRAD_ISA
