// Sparse dense: y = activation(x W + b), and dW = xᵀ dz, for inputs x that are mostly zero.
//
// 81 of 100 pixels of a handwritten digit are paper, 0, and add nothing.  So each example's inputs that
// are not zero are listed once, and only their rows of W are added up, forward; only theirs of dW grow,
// backward.  That is a fifth of the arithmetic.
//
// What remains is bound by memory, so W and dW are walked in blocks of 64 rows that stay in the first-level
// cache while all examples pass by.  Bias and activation follow while the sums are in registers.
//
// Measured gain: benchmarks/RESULTS.md, "What each kernel gains".

#pragma once

#include "activations.hpp"
#include "jobs.hpp"
#include "vector.hpp"

namespace inkgrad::INKGRAD_ISA {

constexpr int BLOCK = 64;       // rows of W in the cache together
constexpr int MOST_VECTORS = 8;  // columns of W in registers together, in vectors

// List what is not zero in x[first..last) after `count` others, and return how many there are then.  `index` and `value` may be written up to
// a vector beyond.
template <class T, class X>
ALWAYS_INLINE int list_nonzero(const X* x, int first, int last, int count, int32_t* index, T* value, Watch<T>& watch) {
    int i = first;
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
        const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (; i + 16 <= last; i += 16) {
            __m512 v;
            if constexpr (sizeof(X) == 1) {
                __m128i bytes = _mm_loadu_si128((const __m128i*)(x + i));
                if (_mm_testz_si128(bytes, bytes)) continue;
                v = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)), _mm512_set1_ps(1 / 255.0f));
            } else {
                v = _mm512_loadu_ps(x + i);
                watch.see((Vector<T>)v);
            }
            __mmask16 there = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
            __m512i places = _mm512_add_epi32(lanes, _mm512_set1_epi32(i));
            _mm512_storeu_si512(index + count, _mm512_maskz_compress_epi32(there, places));
            _mm512_storeu_ps(value + count, _mm512_maskz_compress_ps(there, v));
            count += __builtin_popcount(there);
        }
    }
#endif
    if constexpr (sizeof(X) != 1)
        for (int k = i; k < last; k += LANES<T>) watch.see(load_first(smaller(LANES<T>, last - k), x + k));
    for (; i < last; i++) {  // without a branch that nobody can predict
        T v = sizeof(X) == 1 ? T(x[i]) * T(1 / 255.0) : T(x[i]);
        index[count] = i;
        value[count] = v;
        count += v != 0;
    }
    return count;
}

// Fill the lists of one example.
template <class T, class X>
ALWAYS_INLINE void list_example(const SparseDense<T>& job, const X* x, int example, Watch<T>& watch) {
    int32_t* index = job.index + size_t(example) * job.room;
    T* value = job.value + size_t(example) * job.room;
    int32_t* starts = job.starts + size_t(example) * (job.n_blocks + 1);
    x += size_t(example) * job.n_in;
    starts[0] = 0;
    for (int block = 0; block < job.n_blocks; block++) {
        int first = block * BLOCK, last = smaller(first + BLOCK, job.n_in);
        starts[block + 1] = list_nonzero(x, first, last, starts[block], index, value, watch);
    }
}

// y of examples [first, last), in `vectors` vectors of columns from `column` on.
template <class T, int vectors>
bool sparse_columns(const SparseDense<T>& job, int first, int last, int column, T* scratch) {
    constexpr int L = LANES<T>, width = vectors * L;
    T* rows = scratch;                  // (BLOCK, width): a block of W
    T* sums = scratch + BLOCK * width;  // (last - first, width)
    const int in_last = smaller(job.n_out - column - (vectors - 1) * L, L);
    auto lanes = [&](int v) { return v < vectors - 1 ? L : in_last; };
    Watch<T> watch;
    for (int block = 0; block < job.n_blocks; block++) {
        const int row = block * BLOCK, n_rows = smaller(BLOCK, job.n_in - row);
        for (int r = 0; r < n_rows; r++)
            UNROLL
            for (int v = 0; v < vectors; v++) {
                auto w = load_first(lanes(v), job.W + size_t(row + r) * job.n_out + column + v * L);
                watch.see(w);
                store(rows + r * width + v * L, w);
            }
        for (int i = first; i < last; i++) {
            const int32_t* index = job.index + size_t(i) * job.room;
            const T* value = job.value + size_t(i) * job.room;
            const int32_t* starts = job.starts + size_t(i) * (job.n_blocks + 1) + block;
            T* sum = sums + size_t(i - first) * width;
            Vector<T> s[vectors];
            UNROLL
            for (int v = 0; v < vectors; v++)
                s[v] = block ? load(sum + v * L) : load_first(lanes(v), job.b + column + v * L);
            for (int k = starts[0]; k < starts[1]; k++) {
                const T* w = rows + (index[k] - row) * width;
                const T x = value[k];
                UNROLL
                for (int v = 0; v < vectors; v++) s[v] += x * load(w + v * L);
            }
            if (block < job.n_blocks - 1)
                UNROLL
                for (int v = 0; v < vectors; v++) store(sum + v * L, s[v]);
            else
                UNROLL
                for (int v = 0; v < vectors; v++) {
                    watch.see(s[v]);
                    store_first(lanes(v), job.y + size_t(i) * job.n_out + column + v * L,
                                activate(job.slope, job.alpha, s[v]));
                }
        }
    }
    return watch.tame();
}

// The inputs of some blocks that are not zero, sorted by row of W: the lists of the examples, turned round.
template <class T>
struct Turned {
    int row, n_rows;   // of W, all together
    int32_t* starts;   // (n_rows + 1,): where each row's begin
    int32_t* next;     // (n_rows,)
    int32_t* example;
    T* value;

    static size_t size(int n_rows, int n) {
        return sizeof(int32_t) * (2 * size_t(n_rows) + 1 + 16) + (sizeof(int32_t) + sizeof(T)) * n_rows * size_t(n);
    }

    Turned(const SparseDense<T>& job, int first, int last, void* scratch)
        : row(first * BLOCK), n_rows(smaller(last * BLOCK, job.n_in) - row) {
        value = static_cast<T*>(scratch);
        example = reinterpret_cast<int32_t*>(value + size_t(n_rows) * job.n);
        starts = example + size_t(n_rows) * job.n;
        next = starts + n_rows + 1;
        for (int r = 0; r <= n_rows; r++) starts[r] = 0;
        for_inputs(job, first, last, [&](int, int index, T) { starts[index - row + 1]++; });
        for (int r = 0; r < n_rows; r++) {
            next[r] = starts[r];
            starts[r + 1] += starts[r];
        }
        for_inputs(job, first, last, [&](int i, int index, T x) {
            const int place = next[index - row]++;
            example[place] = i;
            value[place] = x;
        });
    }

    template <class Work>
    static ALWAYS_INLINE void for_inputs(const SparseDense<T>& job, int first, int last, Work work) {
        for (int i = 0; i < job.n; i++) {
            const int32_t* index = job.index + size_t(i) * job.room;
            const T* value = job.value + size_t(i) * job.room;
            const int32_t* starts = job.starts + size_t(i) * (job.n_blocks + 1);
            for (int k = starts[first]; k < starts[last]; k++) work(i, index[k], value[k]);
        }
    }
};

// dW of those rows, in `vectors` vectors of columns from `column` on.
template <class T, int vectors>
void sparse_gradient_columns(const SparseDense<T>& job, const Turned<T>& inputs, int column) {
    constexpr int L = LANES<T>;
    constexpr int width = vectors * L;
    const int in_last = smaller(job.n_out - column - (vectors - 1) * L, L);
    const T* block = job.dz + size_t(job.n) * column;
    for (int r = 0; r < inputs.n_rows; r++) {
        Vector<T> s[vectors] = {};
        for (int k = inputs.starts[r]; k < inputs.starts[r + 1]; k++) {
            const T* dz = block + size_t(inputs.example[k]) * width;
            UNROLL
            for (int v = 0; v < vectors; v++) s[v] += inputs.value[k] * load(dz + v * L);
        }
        T* dW = job.dW + size_t(inputs.row + r) * job.n_out + column;
        UNROLL
        for (int v = 0; v < vectors; v++) store_first(v < vectors - 1 ? L : in_last, dW + v * L, s[v]);
    }
}

// Call work<vectors>(column) for all columns, in as few and even blocks as there are registers for.
template <class T, class Work>
ALWAYS_INLINE void for_columns(int n_out, Work work) {
    const int total = padded<T>(n_out) / LANES<T>, blocks = (total + MOST_VECTORS - 1) / MOST_VECTORS;
    for (int block = 0; block < blocks; block++) {
        const int from = total * block / blocks, to = total * (block + 1) / blocks;
        work(to - from, from * LANES<T>);
    }
}

template <class T>
size_t sparse_scratch(int examples) {  // forward
    return sizeof(T) * MOST_VECTORS * LANES<T> * size_t(BLOCK + examples);
}

template <class T>
size_t sparse_gradient_scratch(const SparseDense<T>& job, int blocks) {
    return Turned<T>::size(blocks * BLOCK, job.n);
}

// dz as sparse_gradient wants it: the columns that are added up together, (n, width), one block after another.
template <class T>
void sparse_gradient_prepare(int n, int n_out, const T* dz, T* to) {
    for_columns<T>(n_out, [&](int vectors, int column) {
        const int width = vectors * LANES<T>;
        T* block = to + size_t(n) * column;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < width; j += LANES<T>)
                store(block + size_t(i) * width + j,
                      load_first(smaller(LANES<T>, n_out - column - j), dz + size_t(i) * n_out + column + j));
    });
}

// Forward for the examples [first, last); false where a number is too large for us.
template <class T>
bool sparse_forward(const SparseDense<T>& job, int first, int last, void* scratch) {
    Watch<T> watch;
    for (int i = first; i < last; i++)
        if (job.bytes) list_example(job, job.bytes, i, watch);
        else list_example(job, job.x, i, watch);
    bool tame = watch.tame();
    if (!tame) return false;
    for_columns<T>(job.n_out, [&](int vectors, int column) {
        T* s = static_cast<T*>(scratch);
        switch (vectors) {
            case 1: tame &= sparse_columns<T, 1>(job, first, last, column, s); break;
            case 2: tame &= sparse_columns<T, 2>(job, first, last, column, s); break;
            case 3: tame &= sparse_columns<T, 3>(job, first, last, column, s); break;
            case 4: tame &= sparse_columns<T, 4>(job, first, last, column, s); break;
            case 5: tame &= sparse_columns<T, 5>(job, first, last, column, s); break;
            case 6: tame &= sparse_columns<T, 6>(job, first, last, column, s); break;
            case 7: tame &= sparse_columns<T, 7>(job, first, last, column, s); break;
            default: tame &= sparse_columns<T, 8>(job, first, last, column, s);
        }
    });
    return tame;
}

// dW of the blocks of rows [first, last): each row sees all examples in their order, so its sum does not depend on
// how the blocks are shared.
template <class T>
void sparse_gradient(const SparseDense<T>& job, int first, int last, void* scratch) {
    const Turned<T> inputs(job, first, last, scratch);
    for_columns<T>(job.n_out, [&](int vectors, int column) {
        switch (vectors) {
            case 1: return sparse_gradient_columns<T, 1>(job, inputs, column);
            case 2: return sparse_gradient_columns<T, 2>(job, inputs, column);
            case 3: return sparse_gradient_columns<T, 3>(job, inputs, column);
            case 4: return sparse_gradient_columns<T, 4>(job, inputs, column);
            case 5: return sparse_gradient_columns<T, 5>(job, inputs, column);
            case 6: return sparse_gradient_columns<T, 6>(job, inputs, column);
            case 7: return sparse_gradient_columns<T, 7>(job, inputs, column);
            default: return sparse_gradient_columns<T, 8>(job, inputs, column);
        }
    });
}

}  // namespace inkgrad::INKGRAD_ISA
