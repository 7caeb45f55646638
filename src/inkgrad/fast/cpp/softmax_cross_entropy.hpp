// Softmax and cross-entropy of logits y with class numbers t: the sum of the losses, and dy.
//
// With q = softmax(y), and N examples in the batch,
//
//     one of many   loss = -log q_t                                dy_j = (q_j - [j = t]) / N
//     binary        loss = -log q_t - sum_{j != t} log(1 - q_j)    dy_j = (s_j - q_j sum_k s_k) / N
//
// where s_j = q_j dloss/dq_j is -1 for j = t and q_j / (1 - q_j) for the others: costs/cross_entropy.py after
// activations/softmax.py.  As the q_j sum to 1, at most one 1 - q_j is small and their product does not underflow,
// so one logarithm does for all.
//
// NumPy goes through memory about ten times for this; here a row stays in the cache.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include <cmath>

#include "activations.hpp"
#include "binding.hpp"

namespace inkgrad {

template <class T>
constexpr T SMALLEST = sizeof(T) == 4 ? T(0x1p-126) : T(0x1p-1022);  // of the ordinary numbers
template <class T>
constexpr T HALF_EPSILON = sizeof(T) == 4 ? T(0x1p-24) : T(0x1p-53);

template <class T>
ALWAYS_INLINE T larger(T a, T b) {
    return a > b ? a : b;
}

// False where a logit is too large for us.
template <class T>
bool add_losses(int n, int n_classes, const T* y, const int64_t* t, bool binary, double* loss, T* dy) {
    constexpr int L = LANES<T>;
    Watch<T> watch;
    for (int i = 0; i < n; i++, y += n_classes, dy += n_classes) {
        const int right = int(t[i]);
        T most = y[0], sum = 0;
        for (int j = 1; j < n_classes; j++) most = larger(y[j], most);
        for (int j = 0; j < n_classes; j += L) {
            const int in = smaller(L, n_classes - j);
            Vector<T> v = load_first(in, y + j);
            watch.see(v);
            const Vector<T> e = exponential(v - most, T(1));
            store_first(in, dy + j, v - most > LOWEST<T> ? e : Vector<T>{});  // below, e^x is no ordinary number
        }
        for (int j = 0; j < n_classes; j++) sum += dy[j];
        if (!binary) {
            *loss += __builtin_log(double(sum)) + double(most) - double(y[right]);
            const T scale = 1 / (sum * T(n));
            for (int j = 0; j < n_classes; j++) dy[j] *= scale;
            dy[right] -= 1 / T(n);
            continue;
        }
        for (int j = 0; j < n_classes; j++) dy[j] /= sum;
        T others = 1, total = 0;
        for (int j = 0; j < n_classes; j++) {
            const T q = dy[j], no = larger(1 - q, HALF_EPSILON<T>);
            others *= j == right ? 1 : no;
            total += j == right ? -q / larger(q, SMALLEST<T>) : q / no;
        }
        *loss -= __builtin_log(double(larger(dy[right], SMALLEST<T>))) + __builtin_log(double(others));
        for (int j = 0; j < n_classes; j++) {
            const T q = dy[j];
            const T s = j == right ? -q / larger(q, SMALLEST<T>) : q / larger(1 - q, HALF_EPSILON<T>);
            dy[j] = (s - q * total) / T(n);
        }
    }
    return watch.tame();
}

// From Python ----------------------------------------------------------------------------------------------

// Returns the mean loss, or NaN where a number is too large for us or a class is none.
template <class T>
double softmax_cross_entropy(Input<T> y, Input<int64_t> t, bool binary, Array<T> dy) {
    expect(y.ndim() == 2 && y.shape(0) < MOST && y.shape(1) > 0 && y.shape(1) < MOST, "y has two axes");
    const size_t n = y.shape(0), n_classes = y.shape(1);
    expect_shape(t, {n}, "t has the wrong shape");
    expect_shape(dy, {n, n_classes}, "dy has the wrong shape");
    for (size_t i = 0; i < n; i++)
        if (t.data()[i] < 0 || t.data()[i] >= int64_t(n_classes)) return NAN;
    double loss = 0;
    const bool tame = add_losses(int(n), int(n_classes), y.data(), t.data(), binary, &loss, dy.data());
    return tame ? loss / double(n) : NAN;
}

template <class T>
void define_softmax_cross_entropy(nb::module_& m) {
    m.def("softmax_cross_entropy", softmax_cross_entropy<T>, fixed("y"), fixed("t"), "binary"_a, fixed("dy"), NoLock());
}

}  // namespace inkgrad
