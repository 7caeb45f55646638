// Sparse dense: y = activation(x W + b), and dW = xᵀ dz, for inputs x that are mostly zero.
//
// 81 of 100 pixels of a handwritten digit are paper, 0, and add nothing.  So each example's inputs that
// are not zero are listed once, and only their rows of W are added up, forward; only theirs of dW grow,
// backward.  That is a fifth of the arithmetic.
//
// What remains is bound by memory, so W and dW are walked in blocks of 64 rows that stay in the first-level
// cache while all examples pass by.  Bias and activation follow while the sums are in registers.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include "activations.hpp"
#include "binding.hpp"
#include "vector.hpp"

namespace inkgrad {

constexpr int BLOCK = 64;       // rows of W in the cache together
constexpr int MOST_VECTORS = 8;  // columns of dW in registers together, in vectors
// The same of y.  Of 16 registers two are for an input and a product: 13 vectors of AVX2 are the 100 columns of a common
// layer in one pass over the lists.
constexpr int MOST_SUMS = REGISTERS == 16 ? 13 : 8;
constexpr int ROOM = 16;        // beyond an example's list, for whole vectors

// The inputs of a batch that are not zero, listed example by example; written forward, and only read backward.
template <class T, class Place>
struct Listed {
    int n, n_in, room, n_blocks;
    Place* index;   // (n, room): where each is
    T* value;       // (n, room): what it is
    Place* starts;  // (n, n_blocks + 1): where the inputs of each block of W's rows begin
    Listed(int n, int n_in, Place* index, T* value, Place* starts)
        : n(n), n_in(n_in), room(n_in + ROOM), n_blocks((n_in + BLOCK - 1) / BLOCK), index(index), value(value),
          starts(starts) {}
};

template <class T>
struct SparseForward {
    Listed<T, int32_t> inputs;
    int n_out;
    const T* W;  // (n_in, n_out)
    const T* b;  // (n_out,)
    T* y;        // (n, n_out)
    Slope slope;
    T alpha;
};

template <class T>
struct SparseGradient {
    Listed<const T, const int32_t> inputs;
    int n_out;
    const T* dz;  // (n, n_out), as turn_columns has them
    T* dW;        // (n_in, n_out)
};

// List what is not zero in x[first..last) after `count` others, and return how many there are then.  `index` and
// `value` may be written up to a vector beyond.
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
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
        for (; i + 8 <= last; i += 8) {
            Vector<T> v;
            if constexpr (sizeof(X) == 1) {
                v = __builtin_convertvector(widen<T>(load_as<Codes<T>>(x + i)), Vector<T>) * T(1 / 255.0);
            } else {
                v = load(x + i);
                watch.see(v);
            }
            const int there = _mm256_movemask_ps((__m256)(v != T(0)));
            const Integers<T> lanes = front_lanes(there);
            store_as(index + count, lanes + i);
            store(value + count, taken(v, lanes));
            count += __builtin_popcount(there);
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

// Fill the lists of one example x (n_in,).
template <class T, class X>
ALWAYS_INLINE void list_example(const Listed<T, int32_t>& lists, const X* x, int example, Watch<T>& watch) {
    int32_t* index = lists.index + size_t(example) * lists.room;
    T* value = lists.value + size_t(example) * lists.room;
    int32_t* starts = lists.starts + size_t(example) * (lists.n_blocks + 1);
    starts[0] = 0;
    for (int block = 0; block < lists.n_blocks; block++) {
        int first = block * BLOCK, last = smaller(first + BLOCK, lists.n_in);
        starts[block + 1] = list_nonzero(x, first, last, starts[block], index, value, watch);
    }
}

// y of examples [first, last), in `vectors` vectors of columns from `column` on.
template <class T, int vectors>
bool sparse_columns(const SparseForward<T>& job, int first, int last, int column, T* scratch) {
    constexpr int L = LANES<T>, width = vectors * L;
    const Listed<T, int32_t>& lists = job.inputs;
    T* rows = scratch;                  // (BLOCK, width): a block of W
    T* sums = scratch + BLOCK * width;  // (last - first, width)
    const int in_last = smaller(job.n_out - column - (vectors - 1) * L, L);
    auto lanes = [&](int v) { return v < vectors - 1 ? L : in_last; };
    Watch<T> watch;
    for (int block = 0; block < lists.n_blocks; block++) {
        const int row = block * BLOCK, n_rows = smaller(BLOCK, lists.n_in - row);
        for (int r = 0; r < n_rows; r++)
            UNROLL
            for (int v = 0; v < vectors; v++) {
                auto w = load_first(lanes(v), job.W + size_t(row + r) * job.n_out + column + v * L);
                watch.see(w);
                store(rows + r * width + v * L, w);
            }
        for (int i = first; i < last; i++) {
            const int32_t* index = lists.index + size_t(i) * lists.room;
            const T* value = lists.value + size_t(i) * lists.room;
            const int32_t* starts = lists.starts + size_t(i) * (lists.n_blocks + 1) + block;
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
            if (block < lists.n_blocks - 1)
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

    Turned(const Listed<const T, const int32_t>& lists, int first, int last, void* scratch)
        : row(first * BLOCK), n_rows(smaller(last * BLOCK, lists.n_in) - row) {
        value = static_cast<T*>(scratch);
        example = reinterpret_cast<int32_t*>(value + size_t(n_rows) * lists.n);
        starts = example + size_t(n_rows) * lists.n;
        next = starts + n_rows + 1;
        for (int r = 0; r <= n_rows; r++) starts[r] = 0;
        for_inputs(lists, first, last, [&](int, int index, T) { starts[index - row + 1]++; });
        for (int r = 0; r < n_rows; r++) {
            next[r] = starts[r];
            starts[r + 1] += starts[r];
        }
        for_inputs(lists, first, last, [&](int i, int index, T x) {
            const int place = next[index - row]++;
            example[place] = i;
            value[place] = x;
        });
    }

    template <class Work>
    static ALWAYS_INLINE void for_inputs(const Listed<const T, const int32_t>& lists, int first, int last, Work work) {
        for (int i = 0; i < lists.n; i++) {
            const int32_t* index = lists.index + size_t(i) * lists.room;
            const T* value = lists.value + size_t(i) * lists.room;
            const int32_t* starts = lists.starts + size_t(i) * (lists.n_blocks + 1);
            for (int k = starts[first]; k < starts[last]; k++) work(i, index[k], value[k]);
        }
    }
};

// dW of those rows, in `vectors` vectors of columns from `column` on.
template <class T, int vectors>
void sparse_gradient_columns(const SparseGradient<T>& job, const Turned<T>& inputs, int column) {
    constexpr int L = LANES<T>;
    constexpr int width = vectors * L;
    const int in_last = smaller(job.n_out - column - (vectors - 1) * L, L);
    const T* block = job.dz + size_t(job.inputs.n) * column;
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

// Call work(vectors, column) for all columns, in blocks as few and as even as `most` vectors at once allow.
template <class T, class Work>
ALWAYS_INLINE void for_columns(int n_out, int most, Work work) {
    const int total = padded<T>(n_out) / LANES<T>, blocks = (total + most - 1) / most;
    for (int block = 0; block < blocks; block++) {
        const int from = total * block / blocks, to = total * (block + 1) / blocks;
        work(to - from, from * LANES<T>);
    }
}

// Call work with a count, from 1 to `most`, as a constant.
template <int most, class Work>
ALWAYS_INLINE void as_constant(int count, Work work) {
    if constexpr (most > 1)
        if (count < most) return as_constant<most - 1>(count, work);
    work(std::integral_constant<int, most>());
}

// dz as sparse_gradient_columns wants it: the columns that are added up together, (n, width), one block after another.
template <class T>
void turn_columns(int n, int n_out, const T* dz, T* to) {
    for_columns<T>(n_out, MOST_VECTORS, [&](int vectors, int column) {
        const int width = vectors * LANES<T>;
        T* block = to + size_t(n) * column;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < width; j += LANES<T>)
                store(block + size_t(i) * width + j,
                      load_first(smaller(LANES<T>, n_out - column - j), dz + size_t(i) * n_out + column + j));
    });
}

// y of the examples [first, last), whose inputs are listed; false where a number is too large for us.
template <class T>
bool forward_examples(const SparseForward<T>& job, int first, int last, void* scratch) {
    bool tame = true;
    for_columns<T>(job.n_out, MOST_SUMS, [&](int count, int column) {
        as_constant<MOST_SUMS>(count, [&](auto vectors) {
            tame &= sparse_columns<T, vectors>(job, first, last, column, static_cast<T*>(scratch));
        });
    });
    return tame;
}

// dW of the blocks of rows [first, last): each row sees all examples in their order, so its sum does not depend on
// how the blocks are shared.
template <class T>
void gradient_of_blocks(const SparseGradient<T>& job, int first, int last, void* scratch) {
    const Turned<T> inputs(job.inputs, first, last, scratch);
    for_columns<T>(job.n_out, MOST_VECTORS, [&](int count, int column) {
        as_constant<MOST_VECTORS>(
            count, [&](auto vectors) { sparse_gradient_columns<T, vectors>(job, inputs, column); });
    });
}

// From Python ----------------------------------------------------------------------------------------------

template <class T, class Place>
void expect_lists(size_t n, size_t n_in, Array<Place> index, Array<T> value, Array<Place> starts) {
    expect_shape(index, {n, n_in + ROOM}, "index has the wrong shape");
    expect_shape(value, {n, n_in + ROOM}, "value has the wrong shape");
    expect_shape(starts, {n, (n_in + BLOCK - 1) / BLOCK + 1}, "starts has the wrong shape");
}

// y, and the lists of what is not zero; false where a number is too large for us.
template <class T, class X>
bool sparse_forward(Input<X> x, Input<T> W, Input<T> b, int slope, T alpha, Array<T> y, Array<int32_t> index,
                    Array<T> value, Array<int32_t> starts, int n_threads) {
    expect(x.ndim() == 2 && W.ndim() == 2, "x and W have two axes");
    const size_t n = x.shape(0), n_in = x.shape(1), n_out = W.shape(1);
    expect(n < MOST && n_in < MOST && n_out < MOST, "too large");
    expect_shape(W, {n_in, n_out}, "W has the wrong shape");
    expect_shape(b, {n_out}, "b has the wrong shape");
    expect_shape(y, {n, n_out}, "y has the wrong shape");
    expect_lists(n, n_in, index, value, starts);
    const Listed<T, int32_t> lists(int(n), int(n_in), index.data(), value.data(), starts.data());
    const SparseForward<T> job{lists, int(n_out), W.data(), b.data(), y.data(), Slope(slope), alpha};
    const int parts = parts_of(lists.n, n_threads, 1, 8);  // few: each walks through all of W
    const size_t scratch_size = sizeof(T) * MOST_SUMS * LANES<T> * size_t(BLOCK + (lists.n + parts - 1) / parts);
    return for_parts(lists.n, parts, n_threads, scratch_size, [&](int first, int last, void* scratch) {
        Watch<T> watch;
        for (int i = first; i < last; i++) list_example(lists, x.data() + size_t(i) * n_in, i, watch);
        return watch.tame() && forward_examples(job, first, last, scratch);
    });
}

template <class T>
void sparse_gradient(Input<int32_t> index, Input<T> value, Input<int32_t> starts, Input<T> dz, Array<T> dW, int n_threads) {
    expect(dz.ndim() == 2 && dW.ndim() == 2, "dz and dW have two axes");
    const size_t n = dz.shape(0), n_out = dz.shape(1), n_in = dW.shape(0);
    expect_shape(dW, {n_in, n_out}, "dW has the wrong shape");
    expect_lists(n, n_in, index, value, starts);
    T* columns = room_for<T>(n * padded<T>(int(n_out)));
    turn_columns(int(n), int(n_out), dz.data(), columns);
    const Listed<const T, const int32_t> lists(int(n), int(n_in), index.data(), value.data(), starts.data());
    const SparseGradient<T> job{lists, int(n_out), columns, dW.data()};
    const int parts = parts_of(lists.n_blocks, n_threads, n_threads > 1 ? 2 : 1);
    const size_t scratch_size = Turned<T>::size((lists.n_blocks / parts + 1) * BLOCK, lists.n);
    for_parts(lists.n_blocks, parts, n_threads, scratch_size, [&](int first, int last, void* scratch) {
        gradient_of_blocks(job, first, last, scratch);
        return true;
    });
}

template <class T>
void define_sparse_dense(nb::module_& m) {
    auto forward = [&](auto kernel) {
        m.def("sparse_forward", kernel, fixed("x"), fixed("W"), fixed("b"), "slope"_a, "alpha"_a, fixed("y"),
              fixed("index"), fixed("value"), fixed("starts"), "n_threads"_a, NoLock());
    };
    forward(sparse_forward<T, T>);
    forward(sparse_forward<T, uint8_t>);
    m.def("sparse_gradient", sparse_gradient<T>, fixed("index"), fixed("value"), fixed("starts"), fixed("dz"), fixed("dW"),
          "n_threads"_a, NoLock());
}

}  // namespace inkgrad
