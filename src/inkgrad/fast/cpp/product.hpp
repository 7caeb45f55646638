// The product of two matrices whose result is narrow or low: C (n, wide) = A (n, m) B (m, wide).
//
// A block of C, up to 7 rows by 4 vectors, stays in registers while all of A's columns pass by; there are enough
// sums in it that none waits for another.  BLAS cuts large matrices for the caches too; ours are small.

#pragma once

#include "vector.hpp"

namespace inkgrad {

constexpr int MOST_ROWS = REGISTERS == 32 ? 7 : 6, MOST_ACROSS = REGISTERS == 32 ? 4 : 2;

// A sum over m products may go on in other places: `count` strips of m each, which lie so far apart in A and in B.
struct Strips {
    int count;
    size_t apart_A, apart_B;
};
struct OneStrip {  // the usual product
    static constexpr int count = 1;
    static constexpr size_t apart_A = 0, apart_B = 0;
};

// A block of `rows` rows and `vectors` vectors.  A's row i begins at A[i * step]; of a transposed A (m, n) it is
// column i, and `step` lies between its numbers.  B has rows of `wide` numbers.  write(i, j, sums) gets a vector of C.
template <class T, bool transposed, int rows, int vectors, class Where, class Write>
void multiply_block(Where strips, int m, int wide, const T* A, int step, const T* B, Write write) {
    constexpr int L = LANES<T>;
    Vector<T> s[rows][vectors] = {};
    for (int strip = 0; strip < strips.count; strip++, A += strips.apart_A, B += strips.apart_B)
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
        for (int v = 0; v < vectors; v++) write(i, v * L, s[i][v]);
}

template <class T, bool transposed, int vectors, class Where, class Write>
ALWAYS_INLINE void multiply_columns(int n, Where strips, int m, int wide, const T* A, int step, const T* B, Write write) {
    const int blocks = (n + MOST_ROWS - 1) / MOST_ROWS;
    for (int block = 0; block < blocks; block++) {
        const int first = int(int64_t(n) * block / blocks), last = int(int64_t(n) * (block + 1) / blocks);
        const T* a = A + (transposed ? size_t(first) : size_t(first) * step);
        auto c = [=](int i, int j, Vector<T> sums) { write(first + i, j, sums); };
        switch (last - first) {
            case 1: multiply_block<T, transposed, 1, vectors>(strips, m, wide, a, step, B, c); break;
            case 2: multiply_block<T, transposed, 2, vectors>(strips, m, wide, a, step, B, c); break;
            case 3: multiply_block<T, transposed, 3, vectors>(strips, m, wide, a, step, B, c); break;
            case 4: multiply_block<T, transposed, 4, vectors>(strips, m, wide, a, step, B, c); break;
            case 5: multiply_block<T, transposed, 5, vectors>(strips, m, wide, a, step, B, c); break;
            case 6: multiply_block<T, transposed, 6, vectors>(strips, m, wide, a, step, B, c); break;
            default: multiply_block<T, transposed, MOST_ROWS, vectors>(strips, m, wide, a, step, B, c);
        }
    }
}

// C (n, columns) = A B, with `columns` a whole number of vectors; B's rows have `wide` numbers, or more columns beside.
// write(i, j, sums) gets the vector of C at row i and column j.
template <class T, bool transposed, class Where, class Write>
ALWAYS_INLINE void multiply_strips(int n, Where strips, int m, int columns, const T* A, int step, const T* B, int wide,
                                   Write write) {
    constexpr int L = LANES<T>;
    for (int j = 0; j < columns;) {
        const int left = smaller((columns - j) / L, MOST_ACROSS);
        auto c = [=](int i, int k, Vector<T> sums) { write(i, j + k, sums); };
        if constexpr (MOST_ACROSS == 4) {
            if (left == 4) multiply_columns<T, transposed, 4>(n, strips, m, wide, A, step, B + j, c);
            if (left == 3) multiply_columns<T, transposed, 3>(n, strips, m, wide, A, step, B + j, c);
        }
        if (left == 2) multiply_columns<T, transposed, 2>(n, strips, m, wide, A, step, B + j, c);
        if (left == 1) multiply_columns<T, transposed, 1>(n, strips, m, wide, A, step, B + j, c);
        j += left * L;
    }
}

// C (n, wide) = A (n, m) B (m, wide), with `wide` a whole number of vectors.
template <class T, bool transposed>
void multiply(int n, int m, int wide, const T* A, int step, const T* B, T* C) {
    multiply_strips<T, transposed>(n, OneStrip{}, m, wide, A, step, B, wide, [=](int i, int j, Vector<T> sums) {
        store(C + size_t(i) * wide + j, sums);
    });
}

}  // namespace inkgrad
