// The table of kernels: one for each instruction set and each type of number.

#pragma once

#include "jobs.hpp"

namespace inkgrad {

template <class T>
struct Kernels {
    int block;  // rows of W that the lists of sparse_forward are cut by
    int lanes;
    size_t (*sparse_scratch)(int examples);
    bool (*sparse_forward)(const SparseDense<T>&, int first, int last, void* scratch);
    size_t (*sparse_gradient_scratch)(const SparseDense<T>&, int blocks);
    void (*sparse_gradient_prepare)(int n, int n_out, const T* dz, T* to);
    void (*sparse_gradient)(const SparseDense<T>&, int first, int last, void* scratch);
    size_t (*narrow_prepared)(const NarrowDense<T>&);
    size_t (*narrow_scratch)(const NarrowDense<T>&, int rows);
    bool (*narrow_prepare)(const NarrowDense<T>&);
    bool (*narrow_forward)(const NarrowDense<T>&, int first, int last, void* scratch);
    void (*narrow_gradient_prepare)(const NarrowDense<T>&);
    void (*narrow_gradient)(const NarrowDense<T>&, int first, int last, void* scratch);
    void (*narrow_back_prepare)(const NarrowDense<T>&);
    void (*narrow_back)(const NarrowDense<T>&, int first, int last, void* scratch);
    bool (*bias_activation)(int rows, int columns, const T* b, Slope slope, T alpha, T* y);
    bool (*activation_gradient)(int rows, int columns, const T* y, const T* dy, Slope slope, T alpha, T* dz, T* db);
    size_t (*conv_prepared)(const Conv<T>&);
    bool (*conv_prepare)(const Conv<T>&);
    size_t (*conv_forward_scratch)(const Conv<T>&);
    bool (*conv_forward)(const Conv<T>&, int first, int last, void* scratch);
    size_t (*conv_sums)(const Conv<T>&);
    size_t (*conv_backward_prepared)(const Conv<T>&);
    void (*conv_backward_prepare)(const Conv<T>&, int first, int last);
    size_t (*conv_backward_scratch)(const Conv<T>&);
    bool (*conv_backward)(const Conv<T>&, int first, int last, void* scratch);
    void (*conv_gather)(const Conv<T>&, int shards, int first, int last, T* dW, T* db);
    bool (*softmax_cross_entropy)(int n, int n_classes, const T* y, const int64_t* t, bool binary, double* loss, T* dy);
    void (*sgd)(size_t first, size_t last, T* theta, const T* g, T* v, T lr, T momentum);
    void (*adam)(size_t first, size_t last, T* theta, const T* g, T* m, T* v, T lr, T new1, T new2, T root, T eps, T keep);
};

struct Tables {
    const char* name;
    Kernels<float> single;
    Kernels<double> twice;
    size_t (*warp_scratch)(const Warp&);
    void (*warp_images)(const Warp&, int first, int last, void* scratch);
};

namespace baseline {
extern const Tables tables;
}
#if defined(INKGRAD_X86)
namespace avx2 {
extern const Tables tables;
}
namespace avx512 {
extern const Tables tables;
}
#endif

}  // namespace inkgrad
