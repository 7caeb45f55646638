// The product of two matrices whose result is narrow or low: C (n, wide) = A (n, m) B (m, wide).
//
// A block of C, up to 7 rows by 4 vectors, stays in registers while all of A's columns pass by; there are enough
// sums in it that none waits for another.  BLAS cuts large matrices for the caches too; ours are small.

#pragma once

#include "vector.hpp"

namespace inkgrad {

constexpr int MOST_ROWS = REGISTERS == 32 ? 7 : 6, MOST_ACROSS = REGISTERS == 32 ? 4 : 2;

// A block of `rows` rows and `vectors` vectors.  A's row i begins at A[i * step]; of a transposed A (m, n) it is
// column i, and `step` lies between its numbers.  B and C have rows of `wide` numbers.
template <class T, bool transposed, int rows, int vectors>
void multiply_block(int m, int wide, const T* A, int step, const T* B, T* C) {
    constexpr int L = LANES<T>;
    Vector<T> s[rows][vectors] = {};
    for (int k = 0; k < m; k++) {
        Vector<T> b[vectors];
        UNROLL
        for (int v = 0; v < vectors; v++) b[v] = load(B + size_t(k) * wide + v * L);
        UNROLL
        for (int i = 0; i < rows; i++) {
            const T a = transposed ? A[size_t(k) * step + i] : A[size_t(i) * step + k];
            UNROLL
            for (int v = 0; v < vectors; v++) s[i][v] += a * b[v];
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
        for (int v = 0; v < vectors; v++) store(C + size_t(i) * wide + v * L, s[i][v]);
}

template <class T, bool transposed, int vectors>
ALWAYS_INLINE void multiply_columns(int n, int m, int wide, const T* A, int step, const T* B, T* C) {
    const int blocks = (n + MOST_ROWS - 1) / MOST_ROWS;
    for (int block = 0; block < blocks; block++) {
        const int first = int(int64_t(n) * block / blocks), last = int(int64_t(n) * (block + 1) / blocks);
        const T* a = A + (transposed ? size_t(first) : size_t(first) * step);
        T* c = C + size_t(first) * wide;
        switch (last - first) {
            case 1: multiply_block<T, transposed, 1, vectors>(m, wide, a, step, B, c); break;
            case 2: multiply_block<T, transposed, 2, vectors>(m, wide, a, step, B, c); break;
            case 3: multiply_block<T, transposed, 3, vectors>(m, wide, a, step, B, c); break;
            case 4: multiply_block<T, transposed, 4, vectors>(m, wide, a, step, B, c); break;
            case 5: multiply_block<T, transposed, 5, vectors>(m, wide, a, step, B, c); break;
            case 6: multiply_block<T, transposed, 6, vectors>(m, wide, a, step, B, c); break;
            default: multiply_block<T, transposed, MOST_ROWS, vectors>(m, wide, a, step, B, c);
        }
    }
}

// C (n, wide) = A (n, m) B (m, wide), with `wide` a whole number of vectors.
template <class T, bool transposed>
void multiply(int n, int m, int wide, const T* A, int step, const T* B, T* C) {
    constexpr int L = LANES<T>;
    for (int j = 0; j < wide;) {
        const int left = smaller((wide - j) / L, MOST_ACROSS);
        if constexpr (MOST_ACROSS == 4) {
            if (left == 4) multiply_columns<T, transposed, 4>(n, m, wide, A, step, B + j, C + j);
            if (left == 3) multiply_columns<T, transposed, 3>(n, m, wide, A, step, B + j, C + j);
        }
        if (left == 2) multiply_columns<T, transposed, 2>(n, m, wide, A, step, B + j, C + j);
        if (left == 1) multiply_columns<T, transposed, 1>(n, m, wide, A, step, B + j, C + j);
        j += left * L;
    }
}

}  // namespace inkgrad
