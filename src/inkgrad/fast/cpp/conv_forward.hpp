// Convolution 3 by 3, bias, ReLU and the largest of each window of 2 by 2, in one go, forward.
//
// One image at a time goes through all four steps, so what is between them never leaves the cache, and
// ReLU and the pooling act on sums that are still in registers.  Two ways to convolve:
//
//   direct    for images of few channels: a window's four outputs side by side, 9 c_in products each.  Windows
//             left and right of all ink, and in a picture of a digit half are, give the bias.
//   Winograd  (winograd.hpp) its tile of outputs is exactly one pooling window.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include "binding.hpp"
#include "vector.hpp"
#include "winograd.hpp"

namespace inkgrad {

// Images x (n, height, width, c_in), as numbers or as bytes in 0..255.
template <class T>
struct Images {
    int n, height, width, c_in;
    const uint8_t* bytes;  // or null
    const T* x;            // where bytes is null
};

template <class T>
struct ConvForward : Images<T> {
    int c_out;
    bool winograd;
    const T* W;      // (3, 3, c_in, c_out)
    const T* b;      // (c_out,)
    T* y;            // (n, height / 2, width / 2, c_out)
    uint8_t* codes;  // like y: which of the window's four it was, or 4 where none is above zero
    T* prepared;     // W as the kernel wants it
};

// An image with a border of zeros: one row above and left, and as far below and right as windows reach.
template <class T>
struct Bordered {
    int rows, columns, stride, size;  // stride: from row to row; size: with room for a vector beyond
    explicit Bordered(const Images<T>& images)
        : rows(images.height / 2 * 2 + 2), columns(images.width / 2 * 2 + 2), stride(columns * images.c_in),
          size(padded<T>(rows * stride + 2 * LANES<T>)) {}
};

// Copy an image into the middle of `to`, whose border is zero already; false where a number is beyond `most`.
template <class T>
bool copy_bordered(const Images<T>& images, int image, T* to, T most = TAME<T>) {
    const Bordered<T> shape(images);
    const int in_row = images.width * images.c_in, used = smaller(in_row, shape.stride - images.c_in);
    Watch<T> watch;
    for (int row = 0; row < smaller(images.height, shape.rows - 1); row++) {
        const size_t from = (size_t(image) * images.height + row) * in_row;
        T* here = to + (row + 1) * shape.stride + images.c_in;
        if (images.bytes)
            for (int i = 0; i < used; i++) here[i] = T(images.bytes[from + i]) * T(1 / 255.0);
        else
            for (int i = 0; i < used; i += LANES<T>) {
                const int n = smaller(LANES<T>, used - i);
                Vector<T> v = load_first(n, images.x + from + i);
                watch.see(v);
                store_first(n, here + i, v);
            }
    }
    return watch.tame(most);
}

// The largest of a window's four outputs above zero, and which it was; the first where several are.
template <class T>
struct Pooled {
    Vector<T> most;
    Integers<T> code;
};

template <class T>
ALWAYS_INLINE Pooled<T> pool(const Vector<T> (&s)[4]) {
    Pooled<T> pooled{s[0], Integers<T>{}};
    UNROLL
    for (int q = 1; q < 4; q++) {
        pooled.code = s[q] > pooled.most ? pooled.code * 0 + q : pooled.code;
        pooled.most = s[q] > pooled.most ? s[q] : pooled.most;
    }
    pooled.code = pooled.most > T(0) ? pooled.code : pooled.code * 0 + 4;
    pooled.most = pooled.most > T(0) ? pooled.most : Vector<T>{};
    return pooled;
}

template <class T>
ALWAYS_INLINE void write_window(const ConvForward<T>& job, size_t window, int channel, const Pooled<T>& pooled) {
    const int n = smaller(LANES<T>, job.c_out - channel);
    const size_t here = window * job.c_out + channel;
    store_codes<T>(n, job.codes + here, narrow<T>(pooled.code));
    store_first(n, job.y + here, pooled.most);
}

// The windows [first, last) of a row of windows that hold all that is not zero: the others give the bias.
struct Span {
    int first, last;
};

template <class T>
ALWAYS_INLINE Span ink_in(const T* x, int stride, int out_columns, int c_in) {
    auto blank = [&](int pair) {  // whether two pixels of four rows are zero: window k sees the pairs k and k + 1
        uint64_t bits = 0, some;
        UNROLL
        for (int r = 0; r < 4; r++)
            for (int i = 0; i < 2 * c_in; i += 8 / int(sizeof(T))) {
                __builtin_memcpy(&some, x + r * stride + 2 * pair * c_in + i, 8);
                bits |= some;
            }
        return bits == 0;
    };
    int first = 0, last = out_columns + 1;
    while (first < last && blank(first)) first++;
    while (last > first && blank(last - 1)) last--;
    return {first > 0 ? first - 1 : 0, smaller(last, out_columns)};
}

template <class T>
size_t direct_prepared(const ConvForward<T>& job) {  // W (9 c_in, c_out) with whole vectors, and b
    return size_t(9 * job.c_in + 1) * padded<T>(job.c_out);
}

template <class T>
bool prepare_direct(const ConvForward<T>& job) {
    const int wide = padded<T>(job.c_out), rows = 9 * job.c_in;
    Watch<T> watch;
    for (int row = 0; row <= rows; row++)
        for (int j = 0; j < job.c_out; j += LANES<T>) {
            const T* from = row < rows ? job.W + size_t(row) * job.c_out : job.b;
            Vector<T> v = load_first(smaller(LANES<T>, job.c_out - j), from + j);
            watch.see(v);
            store(job.prepared + size_t(row) * wide + j, v);
        }
    return watch.tame();
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

// The same for any c_in, and for `across` windows side by side: four sums alone would wait for each other.  An input
// is loaded once for all the weights and outputs of its row.
template <class T, int vectors, int across>
ALWAYS_INLINE void direct_windows(const T* corner, int stride, int c_in, const T* w, int wide,
                                  Vector<T> (&s)[across][4][vectors]) {
    UNROLL
    for (int row = 0; row < 4; row++)
        for (int c = 0; c < c_in; c++) {
            Vector<T> x[2 * across + 2];
            UNROLL
            for (int k = 0; k < 2 * across + 2; k++) x[k] = all(corner[row * stride + k * c_in + c]);
            UNROLL
            for (int r = 0; r < 3; r++) {
                if (row - r < 0 || row - r > 1) continue;  // the output row that this weight's row reaches
                UNROLL
                for (int k = 0; k < 3; k++)
                    UNROLL
                    for (int v = 0; v < vectors; v++) {
                        const Vector<T> weight = load(w + size_t((r * 3 + k) * c_in + c) * wide + v * LANES<T>);
                        UNROLL
                        for (int i = 0; i < 2 * across; i++)
                            s[i / 2][(row - r) * 2 + i % 2][v] += x[i + k] * weight;
                    }
            }
        }
}

// What the direct way needs of a job, for `vectors` vectors of channels from `channel` on.
template <class T, bool one_channel, int vectors>
struct Direct {
    const ConvForward<T>& job;
    int stride, wide, channel;
    const T* w;
    Vector<T> b[vectors];

    Direct(const ConvForward<T>& job, int channel)
        : job(job), stride(Bordered<T>(job).stride), wide(padded<T>(job.c_out)), channel(channel),
          w(job.prepared + channel) {
        for (int v = 0; v < vectors; v++) b[v] = load(w + size_t(9 * job.c_in) * wide + v * LANES<T>);
    }

    // `across` windows from `window` on, whose inputs begin at `corner`.
    template <int across>
    ALWAYS_INLINE void windows(const T* corner, size_t window) const {
        Vector<T> s[across][4][vectors];
        UNROLL
        for (int i = 0; i < across; i++)
            UNROLL
            for (int q = 0; q < 4; q++)
                UNROLL
                for (int v = 0; v < vectors; v++) s[i][q][v] = b[v];
        if constexpr (one_channel) {
            UNROLL
            for (int i = 0; i < across; i++) narrow_window<T, vectors>(corner + 2 * i, stride, w, wide, s[i]);
        } else {
            direct_windows<T, vectors, across>(corner, stride, job.c_in, w, wide, s);
        }
        UNROLL
        for (int i = 0; i < across; i++)
            UNROLL
            for (int v = 0; v < vectors; v++)
                write_window<T>(job, window + i, channel + v * LANES<T>,
                                            pool<T>({s[i][0][v], s[i][1][v], s[i][2][v], s[i][3][v]}));
    }

    void image(const T* x, size_t first) const {
        constexpr int across = one_channel ? 1 : 2;
        const int out_columns = job.width / 2, c_in = job.c_in;
        for (int row = 0; row < job.height / 2; row++) {
            const T* line = x + 2 * row * stride;
            const size_t start = first + size_t(row) * out_columns;
            const Span ink = ink_in(line, stride, out_columns, one_channel ? 1 : c_in);
            for (int column = 0; column < out_columns; column++)
                if (column < ink.first || column >= ink.last)
                    for (int v = 0; v < vectors; v++)
                        write_window<T>(job, start + column, channel + v * LANES<T>,
                                                    pool<T>({b[v], b[v], b[v], b[v]}));
            int column = ink.first;
            for (; column + across <= ink.last; column += across)
                windows<across>(line + 2 * column * c_in, start + column);
            for (; column < ink.last; column++) windows<1>(line + 2 * column * c_in, start + column);
        }
    }
};

template <class T, bool one_channel>
void direct_image(const ConvForward<T>& job, const T* x, size_t first) {
    for (int channel = 0; channel < job.c_out;) {
        const bool two = job.c_out - channel > LANES<T>;
        if (two) Direct<T, one_channel, 2>(job, channel).image(x, first);
        else Direct<T, one_channel, 1>(job, channel).image(x, first);
        channel += (two ? 2 : 1) * LANES<T>;
    }
}

// Winograd's way -------------------------------------------------------------------------------------------

template <class T>
void winograd_image(const ConvForward<T>& job, const T* x, size_t first, T* scratch) {
    winograd_tiles<T>(job.c_in, job.c_out, job.height / 2, job.width / 2, x, Bordered<T>(job).stride, job.prepared, scratch,
                      [&](int tile, int j, Vector<T> a, Vector<T> b, Vector<T> c, Vector<T> d) {
                          write_window<T>(job, first + tile, j, pool<T>({a, b, c, d}));
                      });
}

// Both ways ------------------------------------------------------------------------------------------------

template <class T>
bool prepare(const ConvForward<T>& job) {
    return job.winograd ? prepare_winograd(job.c_in, job.c_out, job.W, job.b, job.prepared) : prepare_direct(job);
}

template <class T>
void forward_image(const ConvForward<T>& job, const T* x, size_t first, T* scratch) {
    if (job.winograd) winograd_image<T>(job, x, first, scratch);
    else if (job.c_in == 1) direct_image<T, true>(job, x, first);
    else direct_image<T, false>(job, x, first);
}

// Forward for the images [first, last); false where a number is too large for us.
template <class T>
bool forward_images(const ConvForward<T>& job, int first, int last, void* scratch) {
    const Bordered<T> shape(job);
    T* x = static_cast<T*>(scratch);
    __builtin_memset(x, 0, sizeof(T) * shape.size);
    const size_t windows = size_t(job.height / 2) * (job.width / 2);
    for (int image = first; image < last; image++) {
        if (!copy_bordered(job, image, x, job.winograd ? MIXABLE<T> : TAME<T>)) return false;
        forward_image<T>(job, x, image * windows, x + shape.size);
    }
    return true;
}

// From Python ----------------------------------------------------------------------------------------------

template <class T, class X>
Images<T> images_of(Input<X> x, Input<T> W) {
    expect(x.ndim() == 4 && W.ndim() == 4, "x and W have four axes");
    expect(x.shape(0) < MOST && W.shape(3) < MOST, "too large");
    expect(x.shape(1) * x.shape(2) < MOST && x.shape(1) * x.shape(2) * x.shape(3) < MOST, "too large");
    expect_shape(W, {3, 3, x.shape(3), W.shape(3)}, "W has the wrong shape");
    Images<T> images{int(x.shape(0)), int(x.shape(1)), int(x.shape(2)), int(x.shape(3)), nullptr, nullptr};
    if constexpr (std::is_same_v<X, uint8_t>) images.bytes = x.data();
    else images.x = x.data();
    return images;
}

template <class T, class A>
void expect_pooled(const Images<T>& images, size_t c_out, const A& y, const char* what) {
    expect_shape(y, {size_t(images.n), size_t(images.height / 2), size_t(images.width / 2), c_out}, what);
}

// y and the codes; false where a number is too large for us.
template <class T, class X>
bool conv_forward(Input<X> x, Input<T> W, Input<T> b, bool winograd, Array<T> y, Array<uint8_t> codes, int n_threads) {
    const Images<T> images = images_of<T>(x, W);
    const size_t c_out = W.shape(3);
    expect_shape(b, {c_out}, "b has the wrong shape");
    expect_pooled(images, c_out, y, "y has the wrong shape");
    expect_pooled(images, c_out, codes, "codes have the wrong shape");
    ConvForward<T> job{images, int(c_out), winograd, W.data(), b.data(), y.data(), codes.data(), nullptr};
    job.prepared = room_for<T>(winograd ? winograd_prepared<T>(job.c_in, job.c_out) : direct_prepared(job));
    if (!prepare(job)) return false;
    const size_t tiles = winograd ? winograd_scratch<T>(job.c_in, job.c_out) : 0;
    const size_t scratch_size = sizeof(T) * (Bordered<T>(job).size + tiles);
    return for_parts(job.n, parts_of(job.n, n_threads), n_threads, scratch_size, [&](int first, int last, void* scratch) {
        return forward_images(job, first, last, scratch);
    });
}

template <class T>
void define_conv_forward(nb::module_& m) {
    auto define = [&](auto kernel) {
        m.def("conv_forward", kernel, fixed("x"), fixed("W"), fixed("b"), "winograd"_a, fixed("y"), fixed("codes"),
              "n_threads"_a, NoLock());
    };
    define(conv_forward<T, T>);
    define(conv_forward<T, uint8_t>);
}

}  // namespace inkgrad
