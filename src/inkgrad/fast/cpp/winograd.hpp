// Winograd's way: F(2x2, 3x3) (Lavin & Gray 2016, https://arxiv.org/abs/1509.09308, section 4.1), a convolution of
// 3 by 3 that makes the four outputs of a tile of 2 by 2 from 16 products instead of 36.
//
// It adds to each input and weight its neighbours and takes them off again, so beside a large one small ones are lost,
// also for the outputs that the large one does not reach.

#pragma once

#include "product.hpp"
#include "vector.hpp"

namespace inkgrad {

constexpr int TILES = 56;  // tiles that go through Winograd's products together

// Inputs and weights beyond this size are left to the direct way: 2^12, or 2^26 for double.  What Winograd's way loses
// of numbers around 1 beside such a one is about half their digits, and more beside a larger one.
template <class T>
constexpr T MIXABLE = T(uint64_t(1) << (sizeof(T) == 4 ? 12 : 26));

// U = G w Gᵀ for each pair of channels of W (3, 3, c_in, c_out), and b; false where a number is too large.  With
// G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1].
template <class T>
bool prepare_winograd(int c_in, int c_out, const T* W, const T* b, T* prepared) {
    const int wide = padded<T>(c_out);
    const size_t matrix = size_t(c_in) * wide;
    Watch<T> weights, biases;
    for (int i = 0; i < c_in; i++)
        for (int j = 0; j < c_out; j += LANES<T>) {
            const int n = smaller(LANES<T>, c_out - j);
            Vector<T> t[4][3];
            UNROLL
            for (int k = 0; k < 3; k++) {
                Vector<T> w[3];
                UNROLL
                for (int r = 0; r < 3; r++) {
                    w[r] = load_first(n, W + (size_t(r * 3 + k) * c_in + i) * c_out + j);
                    weights.see(w[r]);
                }
                t[0][k] = w[0];
                t[1][k] = (w[0] + w[1] + w[2]) * T(0.5);
                t[2][k] = (w[0] - w[1] + w[2]) * T(0.5);
                t[3][k] = w[2];
            }
            T* u = prepared + size_t(i) * wide + j;
            UNROLL
            for (int r = 0; r < 4; r++) {
                store(u + (r * 4 + 0) * matrix, t[r][0]);
                store(u + (r * 4 + 1) * matrix, (t[r][0] + t[r][1] + t[r][2]) * T(0.5));
                store(u + (r * 4 + 2) * matrix, (t[r][0] - t[r][1] + t[r][2]) * T(0.5));
                store(u + (r * 4 + 3) * matrix, t[r][2]);
            }
        }
    for (int j = 0; j < c_out; j += LANES<T>) {
        const Vector<T> bias = load_first(smaller(LANES<T>, c_out - j), b + j);
        biases.see(bias);
        store(prepared + 16 * matrix + j, bias);
    }
    return weights.tame(MIXABLE<T>) && biases.tame();
}

// V = Bᵀ d B for a tile d of 4 by 4 inputs, with Bᵀ = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
template <class T>
ALWAYS_INLINE void transform_input(const T* corner, int stride, int c_in, T* V, size_t apart) {
    for (int i = 0; i < c_in; i += LANES<T>) {  // reads beyond c_in are of the next pixel, and never used
        Vector<T> t[4][4];
        UNROLL
        for (int k = 0; k < 4; k++) {
            Vector<T> d[4];
            UNROLL
            for (int r = 0; r < 4; r++) d[r] = load(corner + r * stride + k * c_in + i);
            t[0][k] = d[0] - d[2];
            t[1][k] = d[1] + d[2];
            t[2][k] = d[2] - d[1];
            t[3][k] = d[1] - d[3];
        }
        UNROLL
        for (int r = 0; r < 4; r++) {
            store(V + (r * 4 + 0) * apart + i, t[r][0] - t[r][2]);
            store(V + (r * 4 + 1) * apart + i, t[r][1] + t[r][2]);
            store(V + (r * 4 + 2) * apart + i, t[r][2] - t[r][1]);
            store(V + (r * 4 + 3) * apart + i, t[r][1] - t[r][3]);
        }
    }
}

// The four outputs of a tile, of the channels from j on: Aᵀ m A + b, with Aᵀ = [1 1 1 0; 0 1 -1 -1].
template <class T, class Write>
ALWAYS_INLINE void transform_output(int c_out, const T* M, size_t apart, const T* b, Write write) {
    for (int j = 0; j < c_out; j += LANES<T>) {
        Vector<T> t[2][4];
        UNROLL
        for (int k = 0; k < 4; k++) {
            Vector<T> m[4];
            UNROLL
            for (int r = 0; r < 4; r++) m[r] = load(M + (r * 4 + k) * apart + j);
            t[0][k] = m[0] + m[1] + m[2];
            t[1][k] = m[1] - m[2] - m[3];
        }
        const Vector<T> bias = load(b + j);
        write(j, t[0][0] + t[0][1] + t[0][2] + bias, t[0][1] - t[0][2] - t[0][3] + bias,
              t[1][0] + t[1][1] + t[1][2] + bias, t[1][1] - t[1][2] - t[1][3] + bias);
    }
}

template <class T>
size_t winograd_prepared(int c_in, int c_out) {  // U (16, c_in, c_out) with whole vectors, and b
    return size_t(16 * c_in + 1) * padded<T>(c_out);
}

template <class T>
size_t winograd_scratch(int c_in, int c_out) {
    return size_t(16) * TILES * (padded<T>(c_in) + padded<T>(c_out));
}

// The outputs of an image whose rows begin `stride` numbers apart, in `rows` × `columns` tiles: write(tile, j, its four
// vectors of the channels from j on).
template <class T, class Write>
ALWAYS_INLINE void winograd_tiles(int c_in, int c_out, int rows, int columns, const T* x, int stride, const T* prepared,
                                  T* scratch, Write write) {
    const int wide = padded<T>(c_out), deep = padded<T>(c_in), n_tiles = rows * columns;
    const size_t matrix = size_t(c_in) * wide;
    for (int from = 0; from < n_tiles; from += TILES) {
        const int tiles = smaller(TILES, n_tiles - from);
        T *V = scratch, *M = scratch + size_t(16) * tiles * deep;
        UNROLL
        for (int t = 0; t < tiles; t++) {
            const int row = (from + t) / columns, column = (from + t) % columns;
            transform_input(x + 2 * row * stride + 2 * column * c_in, stride, c_in, V + t * deep, size_t(tiles) * deep);
        }
        for (int k = 0; k < 16; k++)
            multiply<T, false>(tiles, c_in, wide, V + size_t(k) * tiles * deep, deep, prepared + k * matrix,
                               M + size_t(k) * tiles * wide);
        UNROLL
        for (int t = 0; t < tiles; t++)
            transform_output<T>(c_out, M + size_t(t) * wide, size_t(tiles) * wide, prepared + 16 * matrix,
                                [&](int j, Vector<T> a, Vector<T> b, Vector<T> c, Vector<T> d) {
                                    write(from + t, j, a, b, c, d);
                                });
    }
}

}  // namespace inkgrad
