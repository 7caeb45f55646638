// Convolution of any kernel, stride and margin, with or without ReLU after it, forward and backward.
//
// Nothing is laid out.  In an image with its margin of zeros, the numbers that an output sees in one row of the kernel
// lie side by side, and those of the output to its right begin a stride further.  So a row of outputs is the product of
// a matrix, whose rows overlap in memory, with a row of the kernel; the sum over the kernel's rows goes on in the
// image's next rows, while the outputs are still in registers:
//
//     y_h     = sum_i X_sh+i W_i        X_u  (wide, l c_in)   from row u of the image, W_i (l c_in, c_out)
//     dW_i    = sum_h X_sh+iᵀ dz_h
//     dx_u    = sum_i dZ_u+i W'_i       dZ   dz with zeros between and around, W' the kernel turned round
//
// so dx is a convolution too.  With dz for the gradient before ReLU, s the stride down, l the kernel's width.  Where the
// kernel is 3 by 3 and the stride 1, y and dx may go Winograd's way.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include <limits>

#include "binding.hpp"
#include "product.hpp"
#include "vector.hpp"
#include "winograd.hpp"

namespace inkgrad {

constexpr int CONVOLUTION_SHARDS = 8;  // dW and db are added up in so many parts, whatever the number of threads

struct Axis {  // of image and kernel: down or across
    int image, kernel, stride, margin;
    int outputs() const { return framed() < kernel ? 0 : (framed() - kernel) / stride + 1; }
    int framed() const { return image + 2 * margin; }
    int spread() const { return image + kernel - 1; }                 // dz with zeros between and around
    int place(int output) const { return output * stride + kernel - 1 - margin; }  // of an output's dz in it
};

template <class T>
struct Convolution {
    int n, c_in, c_out;
    Axis down, across;
    bool relu, winograd;
    const uint8_t* bytes;  // x (n, height, width, c_in) as bytes in 0..255, or null
    const T* x;            // or as numbers
    const T* W;            // (k, l, c_in, c_out)

    int wide() const { return padded<T>(c_out); }
    int deep() const { return padded<T>(c_in); }
    int in_row() const { return across.image * c_in; }
    // With a row and a column more, as Winograd's tiles have two each, and room for a vector beyond.
    int framed_row() const { return (across.framed() + 1) * c_in; }
    int spread_row() const { return (across.spread() + 1) * wide(); }
    size_t framed_size() const { return padded<T>((down.framed() + 1) * framed_row()) + LANES<T>; }
    size_t spread_size() const { return size_t(down.spread() + 1) * spread_row() + LANES<T>; }
    size_t weights() const { return size_t(down.kernel) * across.kernel * c_in * wide(); }
    size_t turned() const { return size_t(down.kernel) * across.kernel * wide() * deep(); }
};

// Copy an image into the middle of `to`, whose margin is zero already; false where a number is beyond `most`.
template <class T>
bool frame_image(const Convolution<T>& job, int image, T* to, T most = TAME<T>) {
    Watch<T> watch;
    const int in_row = job.in_row();
    for (int row = 0; row < job.down.image; row++) {
        const size_t from = (size_t(image) * job.down.image + row) * in_row;
        T* here = to + size_t(row + job.down.margin) * job.framed_row() + job.across.margin * job.c_in;
        if (job.bytes)
            for (int i = 0; i < in_row; i++) here[i] = T(job.bytes[from + i]) * T(1 / 255.0);
        else
            for (int i = 0; i < in_row; i += LANES<T>) {
                const int n = smaller(LANES<T>, in_row - i);
                const Vector<T> v = load_first(n, job.x + from + i);
                watch.see(v);
                store_first(n, here + i, v);
            }
    }
    return watch.tame(most);
}

// W with whole vectors of output channels, and then b; false where a number is too large.
template <class T>
bool widen_weights(const Convolution<T>& job, const T* b, T* to) {
    Watch<T> watch;
    const int rows = job.down.kernel * job.across.kernel * job.c_in;
    for (int row = 0; row <= rows; row++)
        for (int j = 0; j < job.c_out; j += LANES<T>) {
            const T* from = row < rows ? job.W + size_t(row) * job.c_out : b;
            const Vector<T> v = load_first(smaller(LANES<T>, job.c_out - j), from + j);
            watch.see(v);
            store(to + size_t(row) * job.wide() + j, v);
        }
    return watch.tame();
}

// W turned round for dx: (k, l, wide, deep), with zeros where there is no channel, and then a bias of zeros.
template <class T>
void turn_weights(const Convolution<T>& job, T* to) {
    const int area = job.down.kernel * job.across.kernel, wide = job.wide(), deep = job.deep();
    std::fill(to, to + job.turned() + deep, T(0));
    for (int place = 0; place < area; place++)
        for (int c = 0; c < job.c_in; c++)
            for (int o = 0; o < job.c_out; o++)
                to[(size_t(area - 1 - place) * wide + o) * deep + c] =
                    job.W[(size_t(place) * job.c_in + c) * job.c_out + o];
}

// One image forward.  `biases` has whole vectors, and so has y where the channels do.
template <class T>
void convolve_image(const Convolution<T>& job, const T* x, const T* W, const T* biases, T* y) {
    const int m = job.across.kernel * job.c_in, wide = job.wide(), columns = job.across.outputs(), c_out = job.c_out;
    const Strips strips{job.down.kernel, size_t(job.framed_row()), size_t(m) * wide};
    const T least = job.relu ? T(0) : -std::numeric_limits<T>::max();
    for (int row = 0; row < job.down.outputs(); row++) {
        T* to = y + size_t(row) * columns * c_out;
        const T* from = x + size_t(row) * job.down.stride * job.framed_row();
        multiply_strips<T, false>(columns, strips, m, wide, from, job.across.stride * job.c_in, W, wide,
                                  [=](int i, int j, Vector<T> sums) {
                                      sums += load(biases + j);
                                      sums = sums > least ? sums : all(least);
                                      store_first(smaller(LANES<T>, c_out - j), to + size_t(i) * c_out + j, sums);
                                  });
    }
}

// Write a tile of 2 by 2 outputs, or what there is of it, of the channels from j on.
template <class T>
ALWAYS_INLINE void write_tile(int rows, int columns, int channels, int row, int column, int j, T* y, Vector<T> a,
                              Vector<T> b, Vector<T> c, Vector<T> d) {
    const int n = smaller(LANES<T>, channels - j);
    T* here = y + (size_t(row) * columns + column) * channels + j;
    const bool right = column + 1 < columns, below = row + 1 < rows;
    store_first(n, here, a);
    if (right) store_first(n, here + channels, b);
    if (below) store_first(n, here + size_t(columns) * channels, c);
    if (right && below) store_first(n, here + size_t(columns + 1) * channels, d);
}

// One image forward, Winograd's way.
template <class T>
void convolve_tiles(const Convolution<T>& job, const T* x, const T* prepared, T* scratch, T* y) {
    const int rows = job.down.outputs(), columns = job.across.outputs(), across = (columns + 1) / 2;
    const T least = job.relu ? T(0) : -std::numeric_limits<T>::max();
    auto cut_off = [&](Vector<T> v) { return v > least ? v : all(least); };
    winograd_tiles<T>(job.c_in, job.c_out, (rows + 1) / 2, across, x, job.framed_row(), prepared, scratch,
                      [&](int tile, int j, Vector<T> a, Vector<T> b, Vector<T> c, Vector<T> d) {
                          write_tile<T>(rows, columns, job.c_out, tile / across * 2, tile % across * 2, j, y, cut_off(a),
                                        cut_off(b), cut_off(c), cut_off(d));
                      });
}

// dz of one image with zeros between and around it, and dz added up in db; false where a number is too large.
template <class T>
bool spread_gradient(const Convolution<T>& job, const T* y, const T* dy, T* to, T* db) {
    Watch<T> watch;
    const int columns = job.across.outputs();
    for (int row = 0; row < job.down.outputs(); row++)
        for (int o = 0; o < job.c_out; o += LANES<T>) {
            const int n = smaller(LANES<T>, job.c_out - o);
            Vector<T> sum{};
            for (int column = 0; column < columns; column++) {
                const size_t here = size_t(row * columns + column) * job.c_out + o;
                Vector<T> d = load_first(n, dy + here);
                watch.see(d);
                if (job.relu) d = load_first(n, y + here) > T(0) ? d : Vector<T>{};
                sum += d;
                store(to + size_t(job.down.place(row)) * job.spread_row() + job.across.place(column) * job.wide() + o, d);
            }
            store(db + o, load(db + o) + sum);
        }
    return watch.tame(job.winograd ? MIXABLE<T> : TAME<T>);
}

// Add one image to dW (k, l c_in, wide).
template <class T>
void add_weight_gradient(const Convolution<T>& job, const T* x, const T* dz, T* dW) {
    const int n = job.across.kernel * job.c_in, wide = job.wide();
    const Strips strips{job.down.outputs(), size_t(job.down.stride) * job.framed_row(),
                        size_t(job.down.stride) * job.spread_row()};
    const T* first = dz + size_t(job.down.place(0)) * job.spread_row() + job.across.place(0) * wide;
    for (int i = 0; i < job.down.kernel; i++) {
        T* to = dW + size_t(i) * n * wide;
        multiply_strips<T, true>(n, strips, job.across.outputs(), wide, x + size_t(i) * job.framed_row(),
                                 job.across.stride * job.c_in, first, job.across.stride * wide,
                                 [=](int row, int j, Vector<T> sums) {
                                     T* here = to + size_t(row) * wide + j;
                                     store(here, load(here) + sums);
                                 });
    }
}

// dx of one image.
template <class T>
void convolve_back(const Convolution<T>& job, const T* dz, const T* turned, T* dx) {
    const int m = job.across.kernel * job.wide(), deep = job.deep(), c_in = job.c_in;
    const Strips strips{job.down.kernel, size_t(job.spread_row()), size_t(m) * deep};
    for (int row = 0; row < job.down.image; row++) {
        T* to = dx + size_t(row) * job.in_row();
        multiply_strips<T, false>(job.across.image, strips, m, deep, dz + size_t(row) * job.spread_row(), job.wide(),
                                  turned, deep, [=](int i, int j, Vector<T> sums) {
                                      store_first(smaller(LANES<T>, c_in - j), to + size_t(i) * c_in + j, sums);
                                  });
    }
}

// dx of one image, Winograd's way.
template <class T>
void convolve_back_tiles(const Convolution<T>& job, const T* dz, const T* prepared, T* scratch, T* dx) {
    const int rows = job.down.image, columns = job.across.image, across = (columns + 1) / 2;
    winograd_tiles<T>(job.wide(), job.deep(), (rows + 1) / 2, across, dz, job.spread_row(), prepared, scratch,
                      [&](int tile, int j, Vector<T> a, Vector<T> b, Vector<T> c, Vector<T> d) {
                          write_tile<T>(rows, columns, job.c_in, tile / across * 2, tile % across * 2, j, dx, a, b, c, d);
                      });
}

// From Python ----------------------------------------------------------------------------------------------

template <class T, class X>
Convolution<T> convolution_of(Input<X> x, Input<T> W, Axis down, Axis across, bool relu, bool winograd) {
    expect(x.ndim() == 4 && W.ndim() == 4, "x and W have four axes");
    expect(W.shape(2) == x.shape(3), "W has the wrong shape");
    for (size_t axis : {0, 1, 2, 3}) expect(x.shape(axis) < MOST && W.shape(axis) < MOST, "too large");
    down.image = int(x.shape(1)), down.kernel = int(W.shape(0));
    across.image = int(x.shape(2)), across.kernel = int(W.shape(1));
    for (const Axis& each : {down, across}) {
        expect(each.stride > 0 && each.stride < int(MOST), "a stride is too small or too large");
        expect(each.kernel > 0, "a kernel has no pixels");
        expect(each.margin >= 0 && each.margin < each.kernel, "a margin is as large as the kernel");
    }
    Convolution<T> job{int(x.shape(0)), int(x.shape(3)), int(W.shape(3)), down, across, relu, winograd,
                       nullptr, nullptr, W.data()};
    const bool small = down.kernel == 3 && across.kernel == 3 && down.stride == 1 && across.stride == 1;
    expect(!winograd || small, "Winograd's way is for kernels of 3 by 3 with stride 1");
    const size_t high = job.down.image + 2 * W.shape(0), wide = job.across.image + 2 * W.shape(1);  // of a frame, at most
    expect(high * wide < MOST && high * wide * std::max(job.deep(), job.wide()) < MOST, "too large");
    if constexpr (std::is_same_v<X, uint8_t>) job.bytes = x.data();
    else job.x = x.data();
    return job;
}

template <class T, class A>
void expect_outputs(const Convolution<T>& job, const A& y, const char* what) {
    expect_shape(y, {size_t(job.n), size_t(job.down.outputs()), size_t(job.across.outputs()), size_t(job.c_out)}, what);
}

// y; false where a number is too large for us.
template <class T, class X>
bool convolution_forward(Input<X> x, Input<T> W, Input<T> b, int stride_down, int stride_across, int margin_down,
                         int margin_across, bool relu, bool winograd, Array<T> y, int n_threads) {
    const Convolution<T> job = convolution_of<T>(x, W, {0, 0, stride_down, margin_down}, {0, 0, stride_across, margin_across},
                                                relu, winograd);
    expect_shape(b, {size_t(job.c_out)}, "b has the wrong shape");
    expect_outputs(job, y, "y has the wrong shape");
    T* prepared = room_for<T>(winograd ? winograd_prepared<T>(job.c_in, job.c_out) : job.weights() + job.wide());
    const bool tame = winograd ? prepare_winograd(job.c_in, job.c_out, job.W, b.data(), prepared)
                               : widen_weights(job, b.data(), prepared);
    if (!tame) return false;
    const size_t outputs = size_t(job.down.outputs()) * job.across.outputs() * job.c_out;
    const size_t tiles = winograd ? winograd_scratch<T>(job.c_in, job.c_out) : 0;
    return for_parts(job.n, parts_of(job.n, n_threads), n_threads, sizeof(T) * (job.framed_size() + tiles),
                     [&](int first, int last, void* scratch) {
                         T* framed = static_cast<T*>(scratch);
                         std::fill(framed, framed + job.framed_size(), T(0));
                         for (int image = first; image < last; image++) {
                             T* to = y.data() + image * outputs;
                             if (!frame_image(job, image, framed, winograd ? MIXABLE<T> : TAME<T>)) return false;
                             if (winograd) convolve_tiles(job, framed, prepared, framed + job.framed_size(), to);
                             else convolve_image(job, framed, prepared, prepared + job.weights(), to);
                         }
                         return true;
                     });
}

// dW, db and dx, unless that is null; false where a number is too large for us.  y tells where ReLU let dy through.
template <class T, class X>
bool convolution_backward(Input<X> x, Input<T> W, Input<T> y, Input<T> dy, int stride_down, int stride_across, int margin_down,
                          int margin_across, bool relu, bool winograd, Array<T> dW, Array<T> db, Array<T> dx, int n_threads) {
    const Convolution<T> job = convolution_of<T>(x, W, {0, 0, stride_down, margin_down}, {0, 0, stride_across, margin_across},
                                                relu, winograd);
    expect_outputs(job, y, "y has the wrong shape");
    expect_outputs(job, dy, "dy has the wrong shape");
    expect_shape(dW, {W.shape(0), W.shape(1), W.shape(2), W.shape(3)}, "dW has the wrong shape");
    expect_shape(db, {W.shape(3)}, "db has the wrong shape");
    if (dx.is_valid()) expect_shape(dx, {x.shape(0), x.shape(1), x.shape(2), x.shape(3)}, "dx has the wrong shape");
    const size_t turned_size = dx.is_valid() ? job.turned() + job.deep() : 0, size = job.weights() + job.wide();
    const size_t prepared_size = winograd && dx.is_valid() ? winograd_prepared<T>(job.wide(), job.deep()) : 0;
    T* turned = room_for<T>(turned_size + prepared_size + CONVOLUTION_SHARDS * size);
    T *prepared = turned + turned_size, *sums = prepared + prepared_size;
    if (dx.is_valid()) turn_weights(job, turned);
    if (prepared_size && !prepare_winograd(job.wide(), job.deep(), turned, turned + job.turned(), prepared)) return false;
    const size_t outputs = size_t(job.down.outputs()) * job.across.outputs() * job.c_out;
    const size_t inputs = size_t(job.down.image) * job.in_row(), frames = job.framed_size() + job.spread_size();
    const size_t scratch_size = frames + (prepared_size ? winograd_scratch<T>(job.wide(), job.deep()) : 0);
    std::atomic<bool> tame{true};
    share(n_threads, CONVOLUTION_SHARDS, sizeof(T) * scratch_size, [&](int shard, void* scratch) {
        T *framed = static_cast<T*>(scratch), *dz = framed + job.framed_size(), *mine = sums + shard * size;
        std::fill(framed, framed + frames, T(0));
        std::fill(mine, mine + size, T(0));
        const int last = cut(job.n, shard + 1, CONVOLUTION_SHARDS);
        for (int image = cut(job.n, shard, CONVOLUTION_SHARDS); image < last && tame; image++) {
            const size_t here = image * outputs;
            frame_image(job, image, framed);
            if (!spread_gradient(job, y.data() + here, dy.data() + here, dz, mine + job.weights())) tame = false;
            add_weight_gradient(job, framed, dz, mine);
            if (prepared_size) convolve_back_tiles(job, dz, prepared, framed + frames, dx.data() + image * inputs);
            else if (dx.is_valid()) convolve_back(job, dz, turned, dx.data() + image * inputs);
        }
    });
    for (int shard = 1; shard < CONVOLUTION_SHARDS; shard++)
        for (size_t i = 0; i < size; i++) sums[i] += sums[shard * size + i];
    const size_t rows = size_t(job.down.kernel) * job.across.kernel * job.c_in;
    for (size_t row = 0; row <= rows; row++) {  // the last is db
        T* to = row < rows ? dW.data() + row * job.c_out : db.data();
        std::copy(sums + row * job.wide(), sums + row * job.wide() + job.c_out, to);
    }
    return tame;
}

template <class T>
void define_convolution(nb::module_& m) {
    auto define = [&](auto forward, auto backward) {
        m.def("convolution_forward", forward, fixed("x"), fixed("W"), fixed("b"), "stride_down"_a, "stride_across"_a,
              "margin_down"_a, "margin_across"_a, "relu"_a, "winograd"_a, fixed("y"), "n_threads"_a, NoLock());
        m.def("convolution_backward", backward, fixed("x"), fixed("W"), fixed("y"), fixed("dy"), "stride_down"_a,
              "stride_across"_a, "margin_down"_a, "margin_across"_a, "relu"_a, "winograd"_a, fixed("dW"), fixed("db"), fixed("dx").none(),
              "n_threads"_a, NoLock());
    };
    define(convolution_forward<T, T>, convolution_backward<T, T>);
    define(convolution_forward<T, uint8_t>, convolution_backward<T, uint8_t>);
}

}  // namespace inkgrad
