// Convolution 3 by 3, bias, ReLU and the largest of each window of 2 by 2, in one go, forward.
//
// One image at a time goes through all four steps, so what is between them never leaves the cache, and
// ReLU and the pooling act on sums that are still in registers.  Two ways to convolve:
//
//   direct    for images of few channels: a window's four outputs side by side, 9 c_in products each.  Windows
//             left and right of all ink, and in a picture of a digit half are, give the bias.
//   Winograd  F(2x2, 3x3) (Lavin & Gray 2016, https://arxiv.org/abs/1509.09308, section 4.1): four outputs of a
//             window from 16 products instead of 36.  Its tile of outputs is exactly one pooling window.
//
// Measured gain: benchmarks/RESULTS.md, "What each kernel gains".

#pragma once

#include "jobs.hpp"
#include "vector.hpp"

namespace inkgrad::INKGRAD_ISA {

constexpr int TILES = 56;  // tiles that go through Winograd's products together

// An image with a border of zeros: one row above and left, and as far below and right as windows reach.
template <class T>
struct Bordered {
    int rows, columns, stride, size;  // stride: from row to row; size: with room for a vector beyond
    explicit Bordered(const Conv<T>& job)
        : rows(job.height / 2 * 2 + 2), columns(job.width / 2 * 2 + 2), stride(columns * job.c_in),
          size(padded<T>(rows * stride + 2 * LANES<T>)) {}
};

// Copy an image into the middle of `to`, whose border is zero already; false where a number is too large.
template <class T>
bool copy_bordered(const Conv<T>& job, int image, T* to) {
    const Bordered<T> shape(job);
    const int in_row = job.width * job.c_in, used = smaller(in_row, shape.stride - job.c_in);
    Integers<T> found{};
    for (int row = 0; row < smaller(job.height, shape.rows - 1); row++) {
        const size_t from = (size_t(image) * job.height + row) * in_row;
        T* here = to + (row + 1) * shape.stride + job.c_in;
        if (job.bytes)
            for (int i = 0; i < used; i++) here[i] = T(job.bytes[from + i]) * T(1 / 255.0);
        else
            for (int i = 0; i < used; i += LANES<T>) {
                const int n = smaller(LANES<T>, used - i);
                Vector<T> v = load_first(n, job.x + from + i);
                found |= wild<T>(v);
                store_first(n, here + i, v);
            }
    }
    return !any<T>(found);
}

// Write a window's largest output above zero, and which of the four it was; the first where several are.
template <class T, bool with_codes>
ALWAYS_INLINE void pool(const Conv<T>& job, size_t window, int channel, const Vector<T> (&s)[4]) {
    const int n = smaller(LANES<T>, job.c_out - channel);
    const size_t here = window * job.c_out + channel;
    Vector<T> most = s[0];
    Integers<T> code{};
    UNROLL
    for (int q = 1; q < 4; q++) {
        if constexpr (with_codes) code = s[q] > most ? code * 0 + q : code;
        most = s[q] > most ? s[q] : most;
    }
    if constexpr (with_codes) {
        code = most > T(0) ? code : code * 0 + 4;
        store_codes<T>(n, job.codes + here, __builtin_convertvector(code, Codes<T>));
    }
    store_first(n, job.y + here, most > T(0) ? most : Vector<T>{});
}

// The windows [first, last) of a row of windows that hold all that is not zero: the others give the bias.
struct Span {
    int first, last;
};

template <class T>
ALWAYS_INLINE Span ink_in(const T* x, int stride, int out_columns, int c_in) {
    auto empty = [&](int column) {
        bool zero = true;
        for (int r = 0; r < 4; r++) zero &= all_zero(x + r * stride + 2 * column * c_in, 4 * c_in);
        return zero;
    };
    Span span{0, out_columns};
    while (span.first < span.last && empty(span.first)) span.first++;
    while (span.first < span.last && empty(span.last - 1)) span.last--;
    return span;
}

// The direct way -------------------------------------------------------------------------------------------

template <class T>
size_t direct_prepared(const Conv<T>& job) {  // W (9 c_in, c_out) with whole vectors, and b
    return size_t(9 * job.c_in + 1) * padded<T>(job.c_out);
}

template <class T>
bool prepare_direct(const Conv<T>& job) {
    const int wide = padded<T>(job.c_out), rows = 9 * job.c_in;
    Integers<T> found{};
    for (int row = 0; row <= rows; row++)
        for (int j = 0; j < job.c_out; j += LANES<T>) {
            const T* from = row < rows ? job.W + size_t(row) * job.c_out : job.b;
            Vector<T> v = load_first(smaller(LANES<T>, job.c_out - j), from + j);
            found |= wild<T>(v);
            store(job.prepared + size_t(row) * wide + j, v);
        }
    return !any<T>(found);
}

// The sums of a window's four outputs, for c_in of 1: its 16 inputs are loaded once.
template <class T, int vectors>
ALWAYS_INLINE void narrow_window(const T* corner, int stride, const T* w, int wide, Vector<T> (&s)[4][vectors]) {
    Vector<T> x[4][4];
    UNROLL
    for (int r = 0; r < 4; r++)
        UNROLL
        for (int k = 0; k < 4; k++) x[r][k] = all(corner[r * stride + k]);
    UNROLL
    for (int k = 0; k < 9; k++)
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const Vector<T> weight = load(w + k * wide + v * LANES<T>);
            UNROLL
            for (int q = 0; q < 4; q++) s[q][v] += x[k / 3 + q / 2][k % 3 + q % 2] * weight;
        }
}

// The same for any c_in.
template <class T, int vectors>
ALWAYS_INLINE void direct_window(const T* corner, int stride, int c_in, const T* w, int wide, Vector<T> (&s)[4][vectors]) {
    for (int r = 0; r < 3; r++)
        for (int k = 0; k < 3 * c_in; k++, w += wide) {
            const T* x = corner + r * stride + k;
            UNROLL
            for (int v = 0; v < vectors; v++) {
                const Vector<T> weight = load(w + v * LANES<T>);
                s[0][v] += x[0] * weight;
                s[1][v] += x[c_in] * weight;
                s[2][v] += x[stride] * weight;
                s[3][v] += x[stride + c_in] * weight;
            }
        }
}

template <class T, bool with_codes, bool narrow, int vectors>
void direct_channels(const Conv<T>& job, const T* x, const Bordered<T>& shape, size_t first, int channel) {
    constexpr int L = LANES<T>;
    const int wide = padded<T>(job.c_out), out_columns = job.width / 2, c_in = job.c_in;
    const T *w = job.prepared + channel, *b = w + size_t(9 * c_in) * wide;
    for (int row = 0; row < job.height / 2; row++) {
        const T* line = x + 2 * row * shape.stride;
        const Span ink = ink_in(line, shape.stride, out_columns, c_in);
        for (int column = 0; column < out_columns; column++) {
            Vector<T> s[4][vectors];
            UNROLL
            for (int q = 0; q < 4; q++)
                UNROLL
                for (int v = 0; v < vectors; v++) s[q][v] = load(b + v * L);
            const T* corner = line + 2 * column * c_in;
            if (column >= ink.first && column < ink.last) {
                if constexpr (narrow) narrow_window<T, vectors>(corner, shape.stride, w, wide, s);
                else direct_window<T, vectors>(corner, shape.stride, c_in, w, wide, s);
            }
            UNROLL
            for (int v = 0; v < vectors; v++) {
                const Vector<T> four[4] = {s[0][v], s[1][v], s[2][v], s[3][v]};
                pool<T, with_codes>(job, first + row * out_columns + column, channel + v * L, four);
            }
        }
    }
}

template <class T, bool with_codes, bool narrow>
void direct_image(const Conv<T>& job, const T* x, size_t first) {
    const Bordered<T> shape(job);
    for (int channel = 0; channel < job.c_out;) {
        const bool two = job.c_out - channel > LANES<T>;
        if (two) direct_channels<T, with_codes, narrow, 2>(job, x, shape, first, channel);
        else direct_channels<T, with_codes, narrow, 1>(job, x, shape, first, channel);
        channel += (two ? 2 : 1) * LANES<T>;
    }
}

// Winograd's way -------------------------------------------------------------------------------------------

template <class T>
size_t winograd_prepared(const Conv<T>& job) {  // U (16, c_in, c_out) with whole vectors, and b
    return size_t(16 * job.c_in + 1) * padded<T>(job.c_out);
}

// U = G w Gᵀ for each pair of channels, with G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1].
template <class T>
bool prepare_winograd(const Conv<T>& job) {
    const int wide = padded<T>(job.c_out);
    const size_t matrix = size_t(job.c_in) * wide;
    Integers<T> found{};
    for (int i = 0; i < job.c_in; i++)
        for (int j = 0; j < job.c_out; j += LANES<T>) {
            const int n = smaller(LANES<T>, job.c_out - j);
            Vector<T> t[4][3];
            UNROLL
            for (int k = 0; k < 3; k++) {
                Vector<T> w[3];
                UNROLL
                for (int r = 0; r < 3; r++) {
                    w[r] = load_first(n, job.W + (size_t(r * 3 + k) * job.c_in + i) * job.c_out + j);
                    found |= wild<T>(w[r]);
                }
                t[0][k] = w[0];
                t[1][k] = (w[0] + w[1] + w[2]) * T(0.5);
                t[2][k] = (w[0] - w[1] + w[2]) * T(0.5);
                t[3][k] = w[2];
            }
            T* u = job.prepared + size_t(i) * wide + j;
            UNROLL
            for (int r = 0; r < 4; r++) {
                store(u + (r * 4 + 0) * matrix, t[r][0]);
                store(u + (r * 4 + 1) * matrix, (t[r][0] + t[r][1] + t[r][2]) * T(0.5));
                store(u + (r * 4 + 2) * matrix, (t[r][0] - t[r][1] + t[r][2]) * T(0.5));
                store(u + (r * 4 + 3) * matrix, t[r][2]);
            }
        }
    for (int j = 0; j < job.c_out; j += LANES<T>) {
        Vector<T> b = load_first(smaller(LANES<T>, job.c_out - j), job.b + j);
        found |= wild<T>(b);
        store(job.prepared + 16 * matrix + j, b);
    }
    return !any<T>(found);
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

// M (tiles, wide) = V (tiles, deep) U (c_in, wide), for `tiles` rows and `vectors` vectors of columns: all in registers.
template <class T, int tiles, int vectors>
void multiply_block(const T* V, const T* U, T* M, int deep, int c_in, int wide) {
    constexpr int L = LANES<T>;
    Vector<T> s[tiles][vectors] = {};
    for (int i = 0; i < c_in; i++) {
        Vector<T> u[vectors];
        UNROLL
        for (int v = 0; v < vectors; v++) u[v] = load(U + size_t(i) * wide + v * L);
        UNROLL
        for (int t = 0; t < tiles; t++) {
            const T x = V[t * deep + i];
            UNROLL
            for (int v = 0; v < vectors; v++) s[t][v] += x * u[v];
        }
    }
    UNROLL
    for (int t = 0; t < tiles; t++)
        UNROLL
        for (int v = 0; v < vectors; v++) store(M + size_t(t) * wide + v * L, s[t][v]);
}

template <class T, int vectors>
ALWAYS_INLINE void multiply_columns(int tiles, const T* V, const T* U, T* M, int deep, int c_in, int wide) {
    constexpr int most = REGISTERS == 32 ? 7 : 6;
    const int blocks = (tiles + most - 1) / most;
    for (int block = 0; block < blocks; block++) {
        const int from = tiles * block / blocks, to = tiles * (block + 1) / blocks;
        const T* v = V + size_t(from) * deep;
        T* m = M + size_t(from) * wide;
        switch (to - from) {
            case 1: multiply_block<T, 1, vectors>(v, U, m, deep, c_in, wide); break;
            case 2: multiply_block<T, 2, vectors>(v, U, m, deep, c_in, wide); break;
            case 3: multiply_block<T, 3, vectors>(v, U, m, deep, c_in, wide); break;
            case 4: multiply_block<T, 4, vectors>(v, U, m, deep, c_in, wide); break;
            case 5: multiply_block<T, 5, vectors>(v, U, m, deep, c_in, wide); break;
            case 6: multiply_block<T, 6, vectors>(v, U, m, deep, c_in, wide); break;
            default: multiply_block<T, most, vectors>(v, U, m, deep, c_in, wide);
        }
    }
}

template <class T>
void multiply(int tiles, const T* V, const T* U, T* M, int deep, int c_in, int wide) {
    constexpr int L = LANES<T>, most = REGISTERS == 32 ? 4 : 2;
    for (int j = 0; j < wide;) {
        const int left = (wide - j) / L;
        if (most == 4 && left >= 4) multiply_columns<T, most>(tiles, V, U + j, M + j, deep, c_in, wide), j += 4 * L;
        else if (most == 4 && left == 3) multiply_columns<T, most == 4 ? 3 : 1>(tiles, V, U + j, M + j, deep, c_in, wide), j += 3 * L;
        else if (left >= 2) multiply_columns<T, 2>(tiles, V, U + j, M + j, deep, c_in, wide), j += 2 * L;
        else multiply_columns<T, 1>(tiles, V, U + j, M + j, deep, c_in, wide), j += L;
    }
}

// The four outputs of a tile: Aᵀ m A + b, with Aᵀ = [1 1 1 0; 0 1 -1 -1].
template <class T, bool with_codes>
ALWAYS_INLINE void transform_output(const Conv<T>& job, size_t window, const T* M, size_t apart, const T* b) {
    for (int j = 0; j < job.c_out; j += LANES<T>) {
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
        const Vector<T> four[4] = {t[0][0] + t[0][1] + t[0][2] + bias, t[0][1] - t[0][2] - t[0][3] + bias,
                                   t[1][0] + t[1][1] + t[1][2] + bias, t[1][1] - t[1][2] - t[1][3] + bias};
        pool<T, with_codes>(job, window, j, four);
    }
}

template <class T, bool with_codes>
void winograd_image(const Conv<T>& job, const T* x, size_t first, T* scratch) {
    const Bordered<T> shape(job);
    const int wide = padded<T>(job.c_out), deep = padded<T>(job.c_in), out_columns = job.width / 2;
    const int n_tiles = job.height / 2 * out_columns;
    const size_t matrix = size_t(job.c_in) * wide;
    for (int from = 0; from < n_tiles; from += TILES) {
        const int tiles = smaller(TILES, n_tiles - from);
        T *V = scratch, *M = scratch + size_t(16) * tiles * deep;
        UNROLL
        for (int t = 0; t < tiles; t++) {
            const int row = (from + t) / out_columns, column = (from + t) % out_columns;
            transform_input(x + 2 * row * shape.stride + 2 * column * job.c_in, shape.stride, job.c_in,
                            V + t * deep, size_t(tiles) * deep);
        }
        for (int k = 0; k < 16; k++)
            multiply(tiles, V + size_t(k) * tiles * deep, job.prepared + k * matrix, M + size_t(k) * tiles * wide, deep,
                     job.c_in, wide);
        UNROLL
        for (int t = 0; t < tiles; t++)
            transform_output<T, with_codes>(job, first + from + t, M + size_t(t) * wide, size_t(tiles) * wide,
                                            job.prepared + 16 * matrix);
    }
}

// Both ways ------------------------------------------------------------------------------------------------

template <class T>
size_t conv_prepared(const Conv<T>& job) {
    return job.winograd ? winograd_prepared(job) : direct_prepared(job);
}

template <class T>
bool conv_prepare(const Conv<T>& job) {
    return job.winograd ? prepare_winograd(job) : prepare_direct(job);
}

template <class T>
size_t conv_forward_scratch(const Conv<T>& job) {
    const size_t winograd = size_t(16) * TILES * (padded<T>(job.c_in) + padded<T>(job.c_out));
    return sizeof(T) * (Bordered<T>(job).size + (job.winograd ? winograd : 0));
}

template <class T, bool with_codes>
void forward_image(const Conv<T>& job, const T* x, size_t first, T* scratch) {
    if (job.winograd) winograd_image<T, with_codes>(job, x, first, scratch);
    else if (job.c_in == 1) direct_image<T, with_codes, true>(job, x, first);
    else direct_image<T, with_codes, false>(job, x, first);
}

// Forward for the images [first, last); false where a number is too large for us.
template <class T>
bool conv_forward(const Conv<T>& job, int first, int last, void* scratch) {
    const Bordered<T> shape(job);
    T* x = static_cast<T*>(scratch);
    __builtin_memset(x, 0, sizeof(T) * shape.size);
    const size_t windows = size_t(job.height / 2) * (job.width / 2);
    for (int image = first; image < last; image++) {
        if (!copy_bordered(job, image, x)) return false;
        if (job.codes) forward_image<T, true>(job, x, image * windows, x + shape.size);
        else forward_image<T, false>(job, x, image * windows, x + shape.size);
    }
    return true;
}

}  // namespace inkgrad::INKGRAD_ISA
