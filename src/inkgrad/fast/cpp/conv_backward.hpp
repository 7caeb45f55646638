// Convolution 3 by 3, bias, ReLU and the largest of each window of 2 by 2, backward.
//
// Of the four outputs in a window at most one got through: the largest, if it was above zero.  So at most a
// quarter of the gradient before the pooling is not zero, often an eighth.  With dz for that gradient, z for
// position and o for output channel,
//
//     dW_o = sum_z dz_zo (the 3 by 3 by c_in inputs around z),    dx around z  +=  sum_o dz_zo W_o,
//
// and both sums run over lists of those that are not zero: of each channel for dW, of each output of a window for dx,
// so that what is added to stays in registers.  A row of the 3 by 3 inputs is 3 c_in numbers side
// by side, so they are added as whole vectors whatever c_in is.
//
// Where c_in is 1 that would fill a fifth of a vector; there the channels of the output lie in the vector.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include "conv_forward.hpp"

namespace inkgrad {

constexpr int FEW_CHANNELS = 32;  // of the output, below which the lists of windows are too short to be worth it
constexpr int SHARDS = 8;  // dW and db are added up in so many parts, whatever the number of threads

template <class T>
struct ConvBackward : Images<T> {
    int c_out;
    const T* W;            // (3, 3, c_in, c_out)
    const uint8_t* codes;  // (n, height / 2, width / 2, c_out), of conv_forward
    const T* dy;           // like codes
    T* dx;                 // like x, or null
    T* prepared;           // W as the kernel wants it for dx
};

// A row of a patch: 3 c_in numbers in vectors.  17 to 24 of them fill three halves of the vectors of AVX-512, but one
// and a half whole ones.
template <class T>
struct Run {
    bool halves;
    int lanes, vectors, size;
    explicit Run(int c_in)
        : halves(VECTOR_BYTES == 64 && sizeof(T) == 4 && 3 * c_in > 16 && 3 * c_in <= 24),
          lanes(halves ? LANES<T> / 2 : LANES<T>), vectors((3 * c_in + lanes - 1) / lanes), size(vectors * lanes) {}
};

template <class T>
struct Lists {  // for each output channel, where its gradient is not zero
    int room;         // of one channel: all windows, and a vector beyond
    int32_t* offset;  // (c_out, room): the corner of the patch
    T* value;         // (c_out, room): dz
    int32_t* count;   // (c_out,)
};

// For each of a window's four outputs, and each window: the channels that were let through there.
template <class T>
struct Passed {
    int32_t* offset;  // where a channel's weights begin
    T* value;         // dz
    int32_t* starts;  // (4, windows) and 1: where the list of each begins
};

// Call work(place, row, column) for each window.  Every other row and column come in turn: patches of neighbours
// overlap, and a processor waits long for what it has just written in part.
template <class T, class Work>
ALWAYS_INLINE void for_windows_in_turn(const Images<T>& images, Work work) {
    int place = 0;
    for (int turn = 0; turn < 4; turn++)
        for (int row = turn / 2; row < images.height / 2; row += 2)
            for (int column = turn % 2; column < images.width / 2; column += 2) work(place++, row, column);
}

// dz where each window let it through, and the corner of its patch, both (windows, wide), and dz added up in db;
// false where a number is too large.
template <class T>
bool find_gradient(const ConvBackward<T>& job, const Bordered<T>& shape, size_t first, T* dz, int32_t* corner, T* db) {
    const int wide = padded<T>(job.c_out), out_columns = job.width / 2;
    typedef typename VectorOf<int32_t, LANES<T> * 4>::type Places;
    Watch<T> watch;
    for (int o = 0; o < job.c_out; o += LANES<T>) {
        const int n = smaller(LANES<T>, job.c_out - o);
        Vector<T> sum = load(db + o);
        for_windows_in_turn(job, [&](int place, int row, int column) {
            const size_t here = (first + row * out_columns + column) * job.c_out + o;
            const Integers<T> code = widen<T>(load_codes<T>(n, job.codes + here));
            const Places q = __builtin_convertvector(code, Places);
            const Vector<T> dy = load_first(n, job.dy + here), d = code < 4 ? dy : Vector<T>{};
            watch.see(dy);
            sum += d;
            store(dz + size_t(place) * wide + o, d);
            const Places at = (q & 1) * job.c_in + (q >> 1) * shape.stride +
                              (2 * row * shape.stride + 2 * column * job.c_in);
            __builtin_memcpy(corner + size_t(place) * wide + o, &at, sizeof at);
        });
        store(db + o, sum);
    }
    return watch.tame();
}

// Turn a block of as many rows as columns round: at each step, rows so many apart swap halves of that size.
#if defined(__AVX512F__)
ALWAYS_INLINE void turn(__m512 (&rows)[16]) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    UNROLL
    for (int apart = 1; apart < 16; apart *= 2) {
        const __mmask16 upper = _mm512_test_epi32_mask(lanes, _mm512_set1_epi32(apart));
        const __m512i shift = _mm512_set1_epi32(apart), other = _mm512_set1_epi32(16);
        // a where the lane's bit is clear, else b's lane below; and a's lane above, else b
        const __m512i low = _mm512_mask_add_epi32(lanes, upper, _mm512_sub_epi32(lanes, shift), other);
        const __m512i high = _mm512_mask_add_epi32(_mm512_add_epi32(lanes, shift), upper, lanes, other);
        UNROLL
        for (int i = 0; i < 16; i++) {
            if (i & apart) continue;
            const __m512 a = rows[i], b = rows[i + apart];
            rows[i] = _mm512_permutex2var_ps(a, low, b);
            rows[i + apart] = _mm512_permutex2var_ps(a, high, b);
        }
    }
}
#elif defined(__AVX2__)
ALWAYS_INLINE void turn(__m256 (&rows)[8]) {
    UNROLL
    for (int i = 0; i < 8; i += 2) {
        const __m256 a = rows[i], b = rows[i + 1];
        rows[i] = _mm256_blend_ps(a, _mm256_moveldup_ps(b), 0b10101010);
        rows[i + 1] = _mm256_blend_ps(_mm256_movehdup_ps(a), b, 0b10101010);
    }
    UNROLL
    for (int i = 0; i < 8; i++) {
        if (i & 2) continue;
        const __m256 a = rows[i], b = rows[i + 2];
        rows[i] = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0));
        rows[i + 2] = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2));
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        const __m256 a = rows[i], b = rows[i + 4];
        rows[i] = _mm256_permute2f128_ps(a, b, 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(a, b, 0x31);
    }
}
#endif

// As many places of as many output channels at once as a vector holds.
#if defined(__AVX512F__)
inline void list_block(const ConvBackward<float>& job, const float* dz, const int32_t* corner, const Lists<float>& lists, int o) {
    const int wide = padded<float>(job.c_out), channels = smaller(16, job.c_out - o);
    __m512 d[16], at[16];
    __mmask16 there[16];
    UNROLL
    for (int i = 0; i < 16; i++) d[i] = _mm512_loadu_ps(dz + i * wide);
    turn(d);
    for (int i = 0; i < channels; i++) {
        const size_t list = size_t(o + i) * lists.room + lists.count[o + i];
        there[i] = _mm512_cmp_ps_mask(d[i], _mm512_setzero_ps(), _CMP_NEQ_UQ);
        _mm512_storeu_ps(lists.value + list, _mm512_maskz_compress_ps(there[i], d[i]));
    }
    UNROLL
    for (int i = 0; i < 16; i++) at[i] = _mm512_loadu_ps((const float*)(corner + i * wide));
    turn(at);
    for (int i = 0; i < channels; i++) {
        const size_t list = size_t(o + i) * lists.room + lists.count[o + i];
        _mm512_storeu_ps((float*)(lists.offset + list), _mm512_maskz_compress_ps(there[i], at[i]));
        lists.count[o + i] += __builtin_popcount(there[i]);
    }
}
#elif defined(__AVX2__)
inline void list_block(const ConvBackward<float>& job, const float* dz, const int32_t* corner, const Lists<float>& lists, int o) {
    const int wide = padded<float>(job.c_out), channels = smaller(8, job.c_out - o);
    __m256 d[8], at[8];
    UNROLL
    for (int i = 0; i < 8; i++) {
        d[i] = _mm256_loadu_ps(dz + i * wide);
        at[i] = _mm256_loadu_ps((const float*)(corner + i * wide));
    }
    turn(d);
    turn(at);
    for (int i = 0; i < channels; i++) {
        const size_t list = size_t(o + i) * lists.room + lists.count[o + i];
        const int there = _mm256_movemask_ps(_mm256_cmp_ps(d[i], _mm256_setzero_ps(), _CMP_NEQ_UQ));
        const Integers<float> lanes = front_lanes(there);
        store(lists.value + list, taken((Vector<float>)d[i], lanes));
        store((float*)(lists.offset + list), taken((Vector<float>)at[i], lanes));
        lists.count[o + i] += __builtin_popcount(there);
    }
}
#endif

// Fill the lists of all output channels.
template <class T>
void list_gradient(const ConvBackward<T>& job, const T* dz, const int32_t* corner, const Lists<T>& lists) {
    const int places = job.height / 2 * (job.width / 2), wide = padded<T>(job.c_out);
    int listed = 0;
    for (int o = 0; o < job.c_out; o++) lists.count[o] = 0;
#if defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
        for (; listed + LANES<T> <= places; listed += LANES<T>)
            for (int o = 0; o < job.c_out; o += LANES<T>)
                list_block(job, dz + listed * wide + o, corner + listed * wide + o, lists, o);
#endif
    for (int o = 0; o < job.c_out; o++) {
        int32_t* offset = lists.offset + size_t(o) * lists.room;
        T* value = lists.value + size_t(o) * lists.room;
        int count = lists.count[o];
        for (int i = listed; i < places; i++) {  // without a branch that nobody can predict
            offset[count] = corner[i * wide + o];
            value[count] = dz[i * wide + o];
            count += dz[i * wide + o] != 0;
        }
        lists.count[o] = count;
    }
}

// Add to a list, of `count`, the channels that a window let through at output q, from the codes and dz of the window.
template <class T>
ALWAYS_INLINE int list_channels(const uint8_t* codes, const T* dz, int c_out, int q, int weights, int count,
                                const Passed<T>& passed) {
    int o = 0;
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
        const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (; o + 16 <= c_out; o += 16) {
            const __m512 d = _mm512_loadu_ps(dz + o);
            const __m128i code = _mm_loadu_si128((const __m128i*)(codes + o));
            const __mmask16 there = _mm_cmpeq_epi8_mask(code, _mm_set1_epi8(char(q))) &
                                    _mm512_cmp_ps_mask(d, _mm512_setzero_ps(), _CMP_NEQ_UQ);
            const __m512i channels = _mm512_add_epi32(lanes, _mm512_set1_epi32(o));
            const __m512i at = _mm512_mullo_epi32(channels, _mm512_set1_epi32(weights));
            _mm512_storeu_si512(passed.offset + count, _mm512_maskz_compress_epi32(there, at));
            _mm512_storeu_ps(passed.value + count, _mm512_maskz_compress_ps(there, d));
            count += __builtin_popcount(there);
        }
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
        for (; o + 8 <= c_out; o += 8) {
            const Vector<T> d = load(dz + o);
            const Integers<T> there = (widen<T>(load_as<Codes<T>>(codes + o)) == q) & (d != T(0));
            const int chosen = _mm256_movemask_ps((__m256)there);
            const Integers<T> lanes = front_lanes(chosen);
            store_as(passed.offset + count, (lanes + o) * weights);
            store(passed.value + count, taken(d, lanes));
            count += __builtin_popcount(chosen);
        }
#endif
    for (; o < c_out; o++) {  // without a branch that nobody can predict
        passed.offset[count] = o * weights;
        passed.value[count] = dz[o];
        count += codes[o] == q && dz[o] != 0;
    }
    return count;
}

// Fill the lists of all windows.
template <class T>
void list_windows(const ConvBackward<T>& job, size_t first, const T* dz, const Passed<T>& passed) {
    const int windows = job.height / 2 * (job.width / 2), wide = padded<T>(job.c_out);
    const int weights = 3 * Run<T>(job.c_in).size;
    int count = 0;
    for (int q = 0; q < 4; q++)
        for_windows_in_turn(job, [&](int place, int row, int column) {
            const uint8_t* codes = job.codes + (first + row * (job.width / 2) + column) * job.c_out;
            passed.starts[q * windows + place] = count;
            count = list_channels(codes, dz + size_t(place) * wide, job.c_out, q, weights, count, passed);
        });
    passed.starts[4 * windows] = count;
}

// Add patches times their numbers to sums, `vectors` vectors V of each of the three rows: patches of x to dW of an
// output channel, or the weights of channels to dx around an output.
template <class V, int vectors, class T>
ALWAYS_INLINE void add_patches(const T* x, ptrdiff_t stride, const int32_t* offset, const T* value, int count, T* sums,
                               ptrdiff_t run) {
    constexpr int L = sizeof(V) / sizeof(T);
    V s[3][vectors];
    UNROLL
    for (int r = 0; r < 3; r++)
        UNROLL
        for (int v = 0; v < vectors; v++) s[r][v] = load_as<V>(sums + r * run + v * L);
    for (int k = 0; k < count; k++) {
        const T d = value[k];
        const T* row = x + offset[k];  // walked down: the compiler would keep an address for each vector
        UNROLL
        for (int r = 0; r < 3; r++, row += stride)
            UNROLL
            for (int v = 0; v < vectors; v++) s[r][v] += d * load_as<V>(row + v * L);
    }
    UNROLL
    for (int r = 0; r < 3; r++)
        UNROLL
        for (int v = 0; v < vectors; v++) store_as(sums + r * run + v * L, s[r][v]);
}

template <class T>
bool is_shallow(const ConvBackward<T>& job) {
    return job.c_out < FEW_CHANNELS;
}

constexpr int MOST_RUN = REGISTERS == 32 ? 8 : 4;  // vectors of each of three rows that there are registers for

// Call work(from, vectors) for a row's vectors in as few and even blocks as there are registers for.
template <class Work>
ALWAYS_INLINE void for_blocks(int vectors, Work work) {
    const int blocks = (vectors + MOST_RUN - 1) / MOST_RUN;
    for (int block = 0; block < blocks; block++) {
        const int from = vectors * block / blocks;
        work(from, vectors * (block + 1) / blocks - from);
    }
}

#define FOR_EACH_COUNT(vectors, call)          \
    switch (vectors) {                         \
        case 1: call(1); break;                \
        case 2: call(2); break;                \
        case 3: call(3); break;                \
        case 4: call(4); break;                \
        case 5: call(REGISTERS == 32 ? 5 : 1); break; \
        case 6: call(REGISTERS == 32 ? 6 : 1); break; \
        case 7: call(REGISTERS == 32 ? 7 : 1); break; \
        default: call(REGISTERS == 32 ? 8 : 1);       \
    }

// dW of all output channels, `vectors` vectors V of each row from `at` on.
template <class V, int vectors, class T>
void add_inputs(const ConvBackward<T>& job, int stride, const Lists<T>& lists, const T* x, T* sums, int at) {
    const int run = Run<T>(job.c_in).size;
    for (int o = 0; o < job.c_out; o++) {
        const size_t list = size_t(o) * lists.room;
        add_patches<V, vectors>(x + at, stride, lists.offset + list, lists.value + list, lists.count[o],
                                sums + size_t(o) * 3 * run + at, run);
    }
}

// dx for few channels, from the lists of these: each number of a list reads and writes what is around its output.
template <class V, int vectors, class T>
void spread_weights(const ConvBackward<T>& job, ptrdiff_t stride, const Lists<T>& lists, T* dx, int at) {
    constexpr int L = sizeof(V) / sizeof(T);
    const int run = Run<T>(job.c_in).size;
    for (int o = 0; o < job.c_out; o++) {
        const size_t list = size_t(o) * lists.room;
        V w[3][vectors];
        UNROLL
        for (int r = 0; r < 3; r++)
            UNROLL
            for (int v = 0; v < vectors; v++)
                w[r][v] = load_as<V>(job.prepared + (size_t(o) * 3 + r) * run + at + v * L);
        for (int k = 0; k < lists.count[o]; k++) {
            T* row = dx + at + lists.offset[list + k];
            const T d = lists.value[list + k];
            UNROLL
            for (int r = 0; r < 3; r++, row += stride)
                UNROLL
                for (int v = 0; v < vectors; v++) store_as(row + v * L, load_as<V>(row + v * L) + d * w[r][v]);
        }
    }
}

// dx for many, from the lists of windows, `vectors` vectors V of each row from `at` on.
template <class V, int vectors, class T>
void add_weights(const ConvBackward<T>& job, int stride, const Passed<T>& passed, T* dx, int at) {
    const int run = Run<T>(job.c_in).size;
    const int32_t* start = passed.starts;
    for (int q = 0; q < 4; q++) {
        T* corner = dx + q / 2 * stride + q % 2 * job.c_in + at;
        for_windows_in_turn(job, [&](int, int row, int column) {
            const int first = *start++, count = *start - first;
            add_patches<V, vectors>(job.prepared + at, run, passed.offset + first, passed.value + first, count,
                                    corner + 2 * row * stride + 2 * column * job.c_in, stride);
        });
    }
}

// Both, where dx is wanted.
template <class T>
void backward_image(const ConvBackward<T>& job, int stride, const Lists<T>& lists, const Passed<T>& passed, const T* x, T* sums,
                    T* dx) {
    const Run<T> run(job.c_in);
    auto add = [&](auto vector) {
        typedef decltype(vector) V;
        for_blocks(run.vectors, [&](int from, int vectors) {
            const int at = from * run.lanes;
#define ADD(n) add_inputs<V, n>(job, stride, lists, x, sums, at)
            FOR_EACH_COUNT(vectors, ADD)
#undef ADD
            if (!dx) return;
#define ADD(n) \
    is_shallow(job) ? spread_weights<V, n>(job, stride, lists, dx, at) : add_weights<V, n>(job, stride, passed, dx, at)
            FOR_EACH_COUNT(vectors, ADD)
#undef ADD
        });
    };
    typedef typename VectorOf<T, VECTOR_BYTES / 2>::type Half;
    if (run.halves) add(Half{});
    else add(Vector<T>{});
}

// Where c_in is 1: dW from one image, vector by vector of output channels, all nine weights in registers.
template <class T>
bool narrow_image(const ConvBackward<T>& job, const Bordered<T>& shape, size_t first, const T* x, T* sums, T* db) {
    const int out_columns = job.width / 2, wide = padded<T>(job.c_out);
    Watch<T> watch;
    for (int o = 0; o < job.c_out; o += LANES<T>) {
        const int n = smaller(LANES<T>, job.c_out - o);
        Vector<T> s[9], sum = load(db + o);
        UNROLL
        for (int k = 0; k < 9; k++) s[k] = load(sums + k * wide + o);
        const size_t start = first * job.c_out + o;
        for (int row = 0; row < job.height / 2; row++) {
            const T* line = x + 2 * row * shape.stride;
            const Span ink = ink_in(line, shape.stride, out_columns, 1);
            for (int column = 0; column < out_columns; column++) {
                const size_t here = start + size_t(row * out_columns + column) * job.c_out;
                const Integers<T> code = widen<T>(load_codes<T>(n, job.codes + here));
                const Vector<T> dy = load_first(n, job.dy + here), d = code < 4 ? dy : Vector<T>{};
                watch.see(dy);
                sum += d;
                if (column < ink.first || column >= ink.last) continue;
                const T* corner = line + 2 * column;
                UNROLL
                for (int q = 0; q < 4; q++) {
                    const Vector<T> mine = code == q ? d : Vector<T>{};
                    const T* patch = corner + q / 2 * shape.stride + q % 2;
                    UNROLL
                    for (int k = 0; k < 9; k++) s[k] += patch[k / 3 * shape.stride + k % 3] * mine;
                }
            }
        }
        UNROLL
        for (int k = 0; k < 9; k++) store(sums + k * wide + o, s[k]);
        store(db + o, sum);
    }
    return watch.tame();
}

template <class T>
bool is_narrow(const ConvBackward<T>& job) {
    return job.c_in == 1 && !job.dx;
}

// How many numbers a shard's sums take: dW as (c_out, 3, run), or (9, c_out) where it is narrow; then db.
template <class T>
size_t size_of_sums(const ConvBackward<T>& job) {
    const int wide = padded<T>(job.c_out);
    return wide + (is_narrow(job) ? size_t(9) * wide : size_t(job.c_out) * 3 * Run<T>(job.c_in).size);
}

// W for dx, for the output channels [first, last): a run for each channel and row, with zeros at its end.
template <class T>
void prepare_channels(const ConvBackward<T>& job, int first, int last) {
    const Run<T> run(job.c_in);
    UNROLL
    for (int r = 0; r < 3; r++)
        for (int k = 0; k < run.size; k++)
            for (int o = first; o < last; o++)
                job.prepared[(size_t(o) * 3 + r) * run.size + k] =
                    k < 3 * job.c_in ? job.W[size_t(r * 3 * job.c_in + k) * job.c_out + o] : 0;
}

// A thread's memory for one image, cut into its parts.
template <class T>
struct BackwardScratch {
    T *x, *dx, *dz;
    int32_t* corner;
    Lists<T> lists;
    Passed<T> passed;
    size_t size;  // bytes
    BackwardScratch(const ConvBackward<T>& job, void* memory) {
        const size_t image = Bordered<T>(job).size, windows = size_t(job.height / 2) * (job.width / 2);
        const size_t outputs = windows * padded<T>(job.c_out);
        lists.room = int(windows) + LANES<float>;
        const size_t list = size_t(job.c_out) * lists.room, room = windows * job.c_out + LANES<float>;
        x = static_cast<T*>(memory), dx = x + image, dz = dx + image;
        lists.value = dz + outputs;
        passed.value = lists.value + list;
        corner = reinterpret_cast<int32_t*>(passed.value + room);
        lists.offset = corner + outputs;
        lists.count = lists.offset + list;
        passed.offset = lists.count + job.c_out;
        passed.starts = passed.offset + room;
        size = sizeof(T) * (2 * image + outputs + list + room) + sizeof(int32_t) * (outputs + list + job.c_out + room + 4 * windows + 1);
    }
};

// Backward for the images [first, last), adding to `sums`; false where a number is too large for us.
template <class T>
bool backward_images(const ConvBackward<T>& job, T* sums, int first, int last, void* scratch) {
    const Bordered<T> shape(job);
    const BackwardScratch<T> mine(job, scratch);
    const size_t windows = size_t(job.height / 2) * (job.width / 2);
    T *x = mine.x, *dx = job.dx ? mine.dx : nullptr;
    __builtin_memset(x, 0, sizeof(T) * shape.size);
    T* db = sums + size_of_sums(job) - padded<T>(job.c_out);
    const int in_row = job.width * job.c_in, used = smaller(in_row, shape.stride - job.c_in);
    for (int image = first; image < last; image++) {
        copy_bordered(job, image, x);
        if (is_narrow(job)) {
            if (!narrow_image(job, shape, image * windows, x, sums, db)) return false;
            continue;
        }
        if (!find_gradient(job, shape, image * windows, mine.dz, mine.corner, db)) return false;
        list_gradient(job, mine.dz, mine.corner, mine.lists);
        if (dx) __builtin_memset(dx, 0, sizeof(T) * shape.size);
        if (dx && !is_shallow(job)) list_windows(job, image * windows, mine.dz, mine.passed);
        backward_image(job, shape.stride, mine.lists, mine.passed, x, sums, dx);
        if (!dx) continue;
        T* to = job.dx + size_t(image) * job.height * in_row;
        __builtin_memset(to, 0, sizeof(T) * job.height * in_row);
        for (int row = 0; row < smaller(job.height, shape.rows - 1); row++)
            __builtin_memcpy(to + size_t(row) * in_row, dx + (row + 1) * shape.stride + job.c_in, sizeof(T) * used);
    }
    return true;
}

// dW (3, 3, c_in, c_out) and db of the output channels [first, last): the sums of all shards, in their order.
template <class T>
void gather_channels(const ConvBackward<T>& job, T* sums, int first, int last, T* dW, T* db) {
    const int wide = padded<T>(job.c_out), run = Run<T>(job.c_in).size;
    const size_t size = size_of_sums(job);
    auto add = [&](size_t from, size_t to) {
        for (int shard = 1; shard < SHARDS; shard++)
            for (size_t i = from; i < to; i++) sums[i] += sums[shard * size + i];
    };
    add(size - wide + first, size - wide + last);
    for (int o = first; o < last; o++) db[o] = sums[size - wide + o];
    if (is_narrow(job))
        UNROLL
        for (int k = 0; k < 9; k++) add(size_t(k) * wide + first, size_t(k) * wide + last);
    else
        add(size_t(first) * 3 * run, size_t(last) * 3 * run);
    UNROLL
    for (int r = 0; r < 3; r++)
        for (int k = 0; k < 3 * job.c_in; k++)
            for (int o = first; o < last; o++)
                dW[size_t(r * 3 * job.c_in + k) * job.c_out + o] =
                    sums[is_narrow(job) ? size_t(r * 3 + k) * wide + o : (size_t(o) * 3 + r) * run + k];
}

// From Python ----------------------------------------------------------------------------------------------

template <class T>
size_t rounded(size_t n) {  // so that what follows is aligned too
    constexpr size_t unit = ALIGNMENT / sizeof(T);
    return (n + unit - 1) / unit * unit;
}

// dW, db and dx, unless that is null; false where a number is too large for us.
template <class T, class X>
bool conv_backward(Input<X> x, Input<T> W, Input<uint8_t> codes, Input<T> dy, Array<T> dW, Array<T> db, Array<T> dx,
                   int n_threads) {
    const Images<T> images = images_of<T>(x, W);
    const size_t c_in = x.shape(3), c_out = W.shape(3);
    expect_pooled(images, c_out, codes, "codes have the wrong shape");
    expect_pooled(images, c_out, dy, "dy has the wrong shape");
    expect_shape(dW, {3, 3, c_in, c_out}, "dW has the wrong shape");
    expect_shape(db, {c_out}, "db has the wrong shape");
    ConvBackward<T> job{images, int(c_out), W.data(), codes.data(), dy.data(), nullptr, nullptr};
    if (dx.is_valid()) {
        expect_shape(dx, {x.shape(0), x.shape(1), x.shape(2), c_in}, "dx has the wrong shape");
        job.dx = dx.data();
    }
    const size_t size = size_of_sums(job), weights = job.dx ? rounded<T>(c_out * 3 * Run<T>(job.c_in).size) : 0;
    job.prepared = room_for<T>(weights + SHARDS * size);
    T* sums = job.prepared + weights;
    auto for_channels = [&](auto work) {
        const int channels = 16, groups = (job.c_out + channels - 1) / channels;
        share(n_threads, groups, 0, [&](int group, void*) {
            work(group * channels, std::min(job.c_out, (group + 1) * channels));
        });
    };
    if (job.dx) for_channels([&](int first, int last) { prepare_channels(job, first, last); });
    std::atomic<bool> tame{true};
    share(n_threads, SHARDS, BackwardScratch<T>(job, nullptr).size, [&](int shard, void* scratch) {
        T* mine = sums + shard * size;
        std::fill(mine, mine + size, T(0));
        if (!backward_images(job, mine, cut(job.n, shard, SHARDS), cut(job.n, shard + 1, SHARDS), scratch)) tame = false;
    });
    for_channels([&](int first, int last) { gather_channels(job, sums, first, last, dW.data(), db.data()); });
    return tame;
}

template <class T>
void define_conv_backward(nb::module_& m) {
    auto define = [&](auto kernel) {
        m.def("conv_backward", kernel, fixed("x"), fixed("W"), fixed("codes"), fixed("dy"), fixed("dW"), fixed("db"),
              fixed("dx").none(), "n_threads"_a, NoLock());
    };
    define(conv_backward<T, T>);
    define(conv_backward<T, uint8_t>);
}

}  // namespace inkgrad
