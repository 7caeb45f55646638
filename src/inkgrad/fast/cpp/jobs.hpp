// Jobs: what the kernels are asked to do, the same for every instruction set.

#pragma once

#include <cstddef>
#include <cstdint>

namespace inkgrad {

enum class Slope : int { identity = 0, leaky = 1, elu = 2 };  // leaky with leak 0 is ReLU

// y = activation(x W + b) for inputs that are mostly zero; see sparse_dense.hpp.
template <class T>
struct SparseDense {
    int n, n_in, n_out;
    const uint8_t* bytes;  // x (n, n_in) in 0..255, or null
    const T* x;            // x (n, n_in), where bytes is null
    const T* W;            // (n_in, n_out)
    const T* b;            // (n_out,)
    T* y;                  // (n, n_out)
    Slope slope;
    T alpha;
    int32_t* index;   // (n, room): where each input is not zero
    T* value;         // (n, room): what it is there
    int32_t* starts;  // (n, n_blocks + 1): where the inputs of each block begin
    int room, n_blocks;
    const T* dz;  // (n, n_out)
    T* dW;        // (n_in, n_out)
};

// y = activation(x W + b) for few outputs; see narrow_dense.hpp.
template <class T>
struct NarrowDense {
    int n, n_in, n_out;
    const T* x;   // (n, n_in)
    const T* W;   // (n_in, n_out)
    const T* b;   // (n_out,)
    T* prepared;  // a matrix as the kernel wants it
    T* y;         // (n, n_out)
    Slope slope;
    T alpha;
    const T* dz;  // (n, n_out)
    T* dW;        // (n_in, n_out)
    T* dx;        // (n, n_in)
};

// y = the largest of ReLU(x * W + b) in each window of 2 by 2; see conv_forward.hpp and conv_backward.hpp.
template <class T>
struct Conv {
    int n, height, width, c_in, c_out;
    bool winograd;
    const uint8_t* bytes;  // x (n, height, width, c_in) in 0..255, or null
    const T* x;            // the same as numbers, where bytes is null
    const T* W;            // (3, 3, c_in, c_out)
    const T* b;            // (c_out,)
    T* prepared;           // W as the kernel wants it
    T* y;                  // (n, height / 2, width / 2, c_out)
    uint8_t* codes;        // like y: which of the window's four it was, or 4 where none is above zero
    const T* dy;           // like y
    T* sums;               // a shard's gradient: (c_out, 3, run) and (c_out,)
    T* dx;                 // like x, or null
};

// Images (n, height, width, channels) bent; see warp.hpp.
struct Warp {
    int n, height, width, channels, grid;
    const uint8_t* bytes;       // the images in 0..255, or null
    const float* pixels;        // the images as numbers, where bytes is null
    const float* affine;        // (n, 2, 3)
    const float* bumps;         // (n, grid, grid, 2)
    const float* thickness;     // (n,)
    const float* row_basis;     // (grid, height)
    const float* column_basis;  // (grid, width)
    uint8_t* bent_bytes;        // the result, like the images
    float* bent_pixels;
};

}  // namespace inkgrad
