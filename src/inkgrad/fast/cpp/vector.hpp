// Vectors: as many numbers as the machine handles at once, written with +, * and ?: as if they were one.
//
// The compiler's own vector types do it (GCC and Clang), so one source serves AVX-512, AVX2, SSE2 and
// Arm: the module is compiled once for every instruction set.

#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")  // a loop over an array in registers must be unrolled, or it is in memory

namespace inkgrad {

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64, REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16, REGISTERS = 32;
#else
constexpr int VECTOR_BYTES = 16, REGISTERS = 16;
#endif

template <class T, int bytes>
struct VectorOf {
    typedef T type __attribute__((vector_size(bytes)));
};
template <class T>
using Vector = typename VectorOf<T, VECTOR_BYTES>::type;
template <class T>
constexpr int LANES = VECTOR_BYTES / int(sizeof(T));

// Integers as wide as T: what comparisons of vectors give, and what counts in their bits.
template <class T>
struct IntegerLike;
template <>
struct IntegerLike<float> {
    typedef int32_t type;
};
template <>
struct IntegerLike<double> {
    typedef int64_t type;
};
template <class T>
using Integers = Vector<typename IntegerLike<T>::type>;

template <class T>
using Codes = typename VectorOf<uint8_t, LANES<T>>::type;  // a byte for each number of a vector

template <class T>
constexpr int padded(int n) {  // n rounded up to whole vectors
    return (n + LANES<T> - 1) / LANES<T> * LANES<T>;
}

// V is a whole vector, or a part of one.
template <class V, class T>
ALWAYS_INLINE V load_as(const T* from) {
    V v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

template <class V, class T>
ALWAYS_INLINE void store_as(T* to, V v) {
    __builtin_memcpy(to, &v, sizeof v);
}

template <class T>
ALWAYS_INLINE Vector<T> load(const T* from) {
    return load_as<Vector<T>>(from);
}

template <class T>
ALWAYS_INLINE void store(T* to, Vector<T> v) {
    store_as(to, v);
}

template <class T>
ALWAYS_INLINE Vector<T> all(T number) {
    return number - Vector<T>{};  // minus zero would become zero with +
}

// The first n numbers; the others are zero, and their memory is not touched.  0 <= n <= LANES, which the loops say
// again: GCC would warn that it might be more.
template <class T>
ALWAYS_INLINE Vector<T> load_first(int n, const T* from) {
    if (n == LANES<T>) return load(from);
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) return (Vector<T>)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), from);
    else return (Vector<T>)_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1), from);
#else
    Vector<T> v{};
    for (int i = 0; i < LANES<T> && i < n; i++) v[i] = from[i];
    return v;
#endif
}

template <class T>
ALWAYS_INLINE void store_first(int n, T* to, Vector<T> v) {
    if (n == LANES<T>) return store(to, v);
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(to, __mmask16((1u << n) - 1), (__m512)v);
    else _mm512_mask_storeu_pd(to, __mmask8((1u << n) - 1), (__m512d)v);
#else
    for (int i = 0; i < LANES<T> && i < n; i++) to[i] = v[i];
#endif
}

// The same for codes, a byte for each number.
template <class T>
ALWAYS_INLINE Codes<T> load_codes(int n, const uint8_t* from) {
    Codes<T> v{};
    if (n == LANES<T>) {
        __builtin_memcpy(&v, from, sizeof v);
        return v;
    }
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    __m128i bytes = _mm_maskz_loadu_epi8(__mmask16((1u << n) - 1), from);
    __builtin_memcpy(&v, &bytes, sizeof v);
#else
    for (int i = 0; i < LANES<T> && i < n; i++) v[i] = from[i];
#endif
    return v;
}

template <class T>
ALWAYS_INLINE void store_codes(int n, uint8_t* to, Codes<T> v) {
    if (n == LANES<T>) {
        __builtin_memcpy(to, &v, sizeof v);
        return;
    }
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    __m128i bytes = _mm_setzero_si128();
    __builtin_memcpy(&bytes, &v, sizeof v);
    _mm_mask_storeu_epi8(to, __mmask16((1u << n) - 1), bytes);
#else
    for (int i = 0; i < LANES<T> && i < n; i++) to[i] = v[i];
#endif
}

// Codes as integers and back: GCC 12 would do it number by number.
template <class T>
ALWAYS_INLINE Integers<T> widen(Codes<T> codes) {
#if defined(__AVX2__)
    __m128i bytes = _mm_setzero_si128();
    __builtin_memcpy(&bytes, &codes, sizeof codes);
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) return (Integers<T>)_mm512_cvtepu8_epi32(bytes);
    else return (Integers<T>)_mm512_cvtepu8_epi64(bytes);
#else
    if constexpr (sizeof(T) == 4) return (Integers<T>)_mm256_cvtepu8_epi32(bytes);
    else return (Integers<T>)_mm256_cvtepu8_epi64(bytes);
#endif
#else
    return __builtin_convertvector(codes, Integers<T>);
#endif
}

template <class T>
ALWAYS_INLINE Codes<T> narrow(Integers<T> wide) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
        const __m256i all = (__m256i)wide;
        __m128i shorts = _mm_packs_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
        __m128i bytes = _mm_packus_epi16(shorts, shorts);
        Codes<T> codes;
        __builtin_memcpy(&codes, &bytes, sizeof codes);
        return codes;
    }
#endif
    return __builtin_convertvector(wide, Codes<T>);
}

#if defined(__AVX2__) && !defined(__AVX512F__)
// AVX2 has no instruction that moves chosen lanes to the front, but one that moves lanes to any place.  For each choice
// of the 8 lanes, a bit each: which lanes come to the front, in their order.
struct Front {
    uint8_t lanes[256][8];
    constexpr Front() : lanes{} {
        for (int chosen = 0; chosen < 256; chosen++)
            for (int lane = 0, count = 0; lane < 8; lane++)
                if (chosen >> lane & 1) lanes[chosen][count++] = uint8_t(lane);
    }
};
alignas(64) constexpr Front FRONT;

ALWAYS_INLINE Integers<float> front_lanes(int chosen) { return widen<float>(load_as<Codes<float>>(FRONT.lanes[chosen])); }

ALWAYS_INLINE Vector<float> taken(Vector<float> v, Integers<float> lanes) {
    return (Vector<float>)_mm256_permutevar8x32_ps((__m256)v, (__m256i)lanes);
}
#endif

// Beyond this size, and for NaN, a plain layer answers instead: so products and sums cannot overflow here.
template <class T>
constexpr T TAME = T(1e15);

// Looks at numbers in passing.  As integers, the bits of numbers without their sign are in the order of size, with
// infinity and NaN at the end; so the largest tells of all.
template <class T>
class Watch {
  public:
    ALWAYS_INLINE void see(Vector<T> v) {
        const Integers<T> bits = (Integers<T>)v & Integer(~(uint64_t(1) << (8 * sizeof(T) - 1)));
        most_ = bits > most_ ? bits : most_;
    }
    ALWAYS_INLINE bool tame(T most = TAME<T>) const {
        const Vector<T> numbers = (Vector<T>)most_;
        bool all = true;
        for (int i = 0; i < LANES<T>; i++) all &= numbers[i] <= most;  // written so that NaN fails
        return all;
    }

  private:
    typedef typename IntegerLike<T>::type Integer;
    Integers<T> most_{};
};

inline int smaller(int a, int b) { return a < b ? a : b; }

}  // namespace inkgrad
