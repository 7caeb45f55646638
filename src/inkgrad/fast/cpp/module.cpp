// The Python module: checks the shapes, shares the work among threads, and calls the kernels of this machine.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <type_traits>

#include "table.hpp"
#include "threads.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace inkgrad {
namespace {

constexpr int SHARDS = 8;             // gradients are added up in so many parts, whatever the number of threads
constexpr int PARTS_PER_THREAD = 8;   // small enough parts that all threads end together
constexpr size_t MOST = size_t(1) << 24;  // numbers in one example

template <class T>
using Array = nb::ndarray<T, nb::c_contig, nb::device::cpu>;
template <class T>
using Input = Array<const T>;

bool can([[maybe_unused]] const Tables* table) {  // whether this machine has the instructions
#if defined(INKGRAD_X86)
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (table == &avx2::tables) return has_avx2;
    if (table == &avx512::tables)
        return has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#endif
    return true;
}

const Tables& tables() {
#if defined(INKGRAD_X86)
    if (can(&avx512::tables)) return avx512::tables;
    if (can(&avx2::tables)) return avx2::tables;
#endif
    return baseline::tables;
}

// The tables in use: the best that this machine can, or a slower one for tests.
const Tables*& chosen() {
    static const Tables* table = &tables();
    return table;
}

template <class T>
const Kernels<T>& kernels() {
    if constexpr (std::is_same_v<T, float>) return chosen()->single;
    else return chosen()->twice;
}

// A row of 17 to 24 numbers fills three vectors of AVX2 and one and a half of AVX-512.
template <class T>
const Kernels<T>& kernels_for_rows(int numbers) {
#if defined(INKGRAD_X86)
    if (chosen() == &avx512::tables && std::is_same_v<T, float> && numbers > 16 && numbers <= 24)
        if constexpr (std::is_same_v<T, float>) return avx2::tables.single;
#endif
    return kernels<T>();
}

void expect(bool holds, const char* what) {
    if (!holds) throw nb::value_error(what);
}

template <class A>
void expect_shape(const A& array, std::initializer_list<size_t> shape, const char* what) {
    bool same = array.ndim() == shape.size();
    size_t axis = 0;
    for (size_t size : shape) same = same && array.shape(axis++) == size;
    expect(same, what);
}

// How many parts to cut n examples into, of `fewest` or more each.
int parts_of(int n, int n_threads, int per_thread = PARTS_PER_THREAD, int fewest = 1) {
    return std::max(1, std::min(n / fewest, per_thread * std::clamp(n_threads, 1, MOST_THREADS)));
}

int cut(int n, int part, int parts) { return int(int64_t(n) * part / parts); }  // where a part begins

template <class T>
size_t rounded(size_t n) {  // so that what follows is aligned too
    constexpr size_t unit = ALIGNMENT / sizeof(T);
    return (n + unit - 1) / unit * unit;
}

// Sparse dense ---------------------------------------------------------------------------------------------

int n_blocks(int n_in, int block) { return (n_in + block - 1) / block; }

template <class T, class X>
bool sparse_forward(Input<X> x, Input<T> W, Input<T> b, int slope, T alpha, Array<T> y, Array<int32_t> index,
                    Array<T> value, Array<int32_t> starts, int n_threads) {
    const auto& table = kernels<T>();
    expect(x.ndim() == 2 && W.ndim() == 2, "x and W have two axes");
    const size_t n = x.shape(0), n_in = x.shape(1), n_out = W.shape(1);
    expect(n < MOST && n_in < MOST && n_out < MOST, "too large");
    expect_shape(W, {n_in, n_out}, "W has the wrong shape");
    expect_shape(b, {n_out}, "b has the wrong shape");
    expect_shape(y, {n, n_out}, "y has the wrong shape");
    expect_shape(index, {n, n_in + 16}, "index has the wrong shape");
    expect_shape(value, {n, n_in + 16}, "value has the wrong shape");
    expect_shape(starts, {n, size_t(n_blocks(int(n_in), table.block)) + 1}, "starts has the wrong shape");
    SparseDense<T> job{};
    job.n = int(n), job.n_in = int(n_in), job.n_out = int(n_out);
    if constexpr (std::is_same_v<X, uint8_t>) job.bytes = x.data();
    else job.x = x.data();
    job.W = W.data(), job.b = b.data(), job.y = y.data();
    job.slope = Slope(slope), job.alpha = alpha;
    job.index = index.data(), job.value = value.data(), job.starts = starts.data();
    job.room = int(n_in) + 16, job.n_blocks = n_blocks(int(n_in), table.block);
    const int parts = parts_of(job.n, n_threads, 1, 8);  // few: each walks through all of W
    std::atomic<bool> tame{true};
    share(n_threads, parts, table.sparse_scratch((job.n + parts - 1) / parts), [&](int part, void* scratch) {
        if (!table.sparse_forward(job, cut(job.n, part, parts), cut(job.n, part + 1, parts), scratch)) tame = false;
    });
    return tame;
}

template <class T>
void sparse_gradient(Input<int32_t> index, Input<T> value, Input<int32_t> starts, Input<T> dz, Array<T> dW, int n_threads) {
    const auto& table = kernels<T>();
    expect(dz.ndim() == 2 && dW.ndim() == 2, "dz and dW have two axes");
    const size_t n = dz.shape(0), n_out = dz.shape(1), n_in = dW.shape(0);
    expect_shape(dW, {n_in, n_out}, "dW has the wrong shape");
    expect_shape(index, {n, n_in + 16}, "index has the wrong shape");
    expect_shape(value, {n, n_in + 16}, "value has the wrong shape");
    expect_shape(starts, {n, size_t(n_blocks(int(n_in), table.block)) + 1}, "starts has the wrong shape");
    SparseDense<T> job{};
    job.n = int(n), job.n_in = int(n_in), job.n_out = int(n_out);
    job.index = const_cast<int32_t*>(index.data()), job.value = const_cast<T*>(value.data());
    job.starts = const_cast<int32_t*>(starts.data());
    job.room = int(n_in) + 16, job.n_blocks = n_blocks(int(n_in), table.block);
    const size_t wide = (n_out + table.lanes - 1) / table.lanes * table.lanes;
    T* rows = static_cast<T*>(workspace(sizeof(T) * n * wide));
    table.sparse_gradient_prepare(job.n, job.n_out, dz.data(), rows);
    job.dz = rows, job.dW = dW.data();
    const int parts = parts_of(job.n_blocks, n_threads, n_threads > 1 ? 2 : 1);
    share(n_threads, parts, table.sparse_gradient_scratch(job, job.n_blocks / parts + 1), [&](int part, void* scratch) {
        table.sparse_gradient(job, cut(job.n_blocks, part, parts), cut(job.n_blocks, part + 1, parts), scratch);
    });
}

template <class T>
bool bias_activation(Array<T> y, Input<T> b, int slope, T alpha) {
    expect(y.ndim() == 2, "y has two axes");
    expect_shape(b, {y.shape(1)}, "b has the wrong shape");
    return kernels<T>().bias_activation(int(y.shape(0)), int(y.shape(1)), b.data(), Slope(slope), alpha, y.data());
}

template <class T>
bool activation_gradient(Input<T> y, Input<T> dy, int slope, T alpha, Array<T> dz, Array<T> db) {
    expect(y.ndim() == 2, "y has two axes");
    expect_shape(dy, {y.shape(0), y.shape(1)}, "dy has the wrong shape");
    expect_shape(dz, {y.shape(0), y.shape(1)}, "dz has the wrong shape");
    expect_shape(db, {y.shape(1)}, "db has the wrong shape");
    return kernels<T>().activation_gradient(int(y.shape(0)), int(y.shape(1)), y.data(), dy.data(), Slope(slope), alpha,
                                            dz.data(), db.data());
}

// Narrow dense ---------------------------------------------------------------------------------------------

// Cut n rows into parts, and call work(first, last, scratch) for each.
template <class Work>
void for_parts(int n, int n_threads, int fewest, size_t scratch_of_a_row, Work work) {
    const int parts = parts_of(n, n_threads, PARTS_PER_THREAD, fewest);
    share(n_threads, parts, scratch_of_a_row * (n / parts + 1), [&](int part, void* scratch) {
        work(cut(n, part, parts), cut(n, part + 1, parts), scratch);
    });
}

template <class T>
bool narrow_forward(Input<T> x, Input<T> W, Input<T> b, int slope, T alpha, Array<T> y, int n_threads) {
    const auto& table = kernels<T>();
    expect(x.ndim() == 2 && W.ndim() == 2, "x and W have two axes");
    const size_t n = x.shape(0), n_in = x.shape(1), n_out = W.shape(1);
    expect(n < MOST && n_in < MOST && n_out < MOST, "too large");
    expect_shape(W, {n_in, n_out}, "W has the wrong shape");
    expect_shape(b, {n_out}, "b has the wrong shape");
    expect_shape(y, {n, n_out}, "y has the wrong shape");
    NarrowDense<T> job{};
    job.n = int(n), job.n_in = int(n_in), job.n_out = int(n_out);
    job.x = x.data(), job.W = W.data(), job.b = b.data(), job.y = y.data(), job.slope = Slope(slope), job.alpha = alpha;
    job.prepared = static_cast<T*>(workspace(sizeof(T) * table.narrow_prepared(job)));
    if (!table.narrow_prepare(job)) return false;
    std::atomic<bool> tame{true};
    for_parts(job.n, n_threads, 7, table.narrow_scratch(job, 1), [&](int first, int last, void* scratch) {
        if (!table.narrow_forward(job, first, last, scratch)) tame = false;
    });
    return tame;
}

template <class T>
NarrowDense<T> narrow_job(size_t n, size_t n_in, const Input<T>& dz) {
    expect(dz.ndim() == 2 && dz.shape(0) == n, "dz has the wrong shape");
    expect(n < MOST && n_in < MOST && dz.shape(1) < MOST, "too large");
    NarrowDense<T> job{};
    job.n = int(n), job.n_in = int(n_in), job.n_out = int(dz.shape(1)), job.dz = dz.data();
    job.prepared = static_cast<T*>(workspace(sizeof(T) * kernels<T>().narrow_prepared(job)));
    return job;
}

template <class T>
void narrow_gradient(Input<T> x, Input<T> dz, Array<T> dW, int n_threads) {
    const auto& table = kernels<T>();
    expect(x.ndim() == 2, "x has two axes");
    NarrowDense<T> job = narrow_job<T>(x.shape(0), x.shape(1), dz);
    expect_shape(dW, {x.shape(1), dz.shape(1)}, "dW has the wrong shape");
    job.x = x.data(), job.dW = dW.data();
    table.narrow_gradient_prepare(job);
    for_parts(job.n_in, n_threads, 49, table.narrow_scratch(job, 1), [&](int first, int last, void* scratch) {
        table.narrow_gradient(job, first, last, scratch);
    });
}

template <class T>
void narrow_back(Input<T> dz, Input<T> W, Array<T> dx, int n_threads) {
    const auto& table = kernels<T>();
    expect(dx.ndim() == 2, "dx has two axes");
    NarrowDense<T> job = narrow_job<T>(dx.shape(0), dx.shape(1), dz);
    expect_shape(W, {dx.shape(1), dz.shape(1)}, "W has the wrong shape");
    job.W = W.data(), job.dx = dx.data();
    table.narrow_back_prepare(job);
    for_parts(job.n, n_threads, 7, table.narrow_scratch(job, 1), [&](int first, int last, void* scratch) {
        table.narrow_back(job, first, last, scratch);
    });
}

// Convolution ----------------------------------------------------------------------------------------------

template <class T, class X>
Conv<T> conv_job(const Input<X>& x, const Input<T>& W, bool winograd) {
    expect(x.ndim() == 4 && W.ndim() == 4, "x and W have four axes");
    Conv<T> job{};
    expect(x.shape(0) < MOST && W.shape(3) < MOST, "too large");
    expect(x.shape(1) * x.shape(2) < MOST && x.shape(1) * x.shape(2) * x.shape(3) < MOST, "too large");
    job.n = int(x.shape(0)), job.height = int(x.shape(1)), job.width = int(x.shape(2)), job.c_in = int(x.shape(3));
    job.c_out = int(W.shape(3));
    job.winograd = winograd;
    expect_shape(W, {3, 3, x.shape(3), W.shape(3)}, "W has the wrong shape");
    if constexpr (std::is_same_v<X, uint8_t>) job.bytes = x.data();
    else job.x = x.data();
    job.W = W.data();
    return job;
}

template <class T, class A>
void expect_pooled(const Conv<T>& job, const A& y, const char* what) {
    expect_shape(y, {size_t(job.n), size_t(job.height / 2), size_t(job.width / 2), size_t(job.c_out)}, what);
}

template <class T, class X>
bool conv_forward(Input<X> x, Input<T> W, Input<T> b, bool winograd, Array<T> y, Array<uint8_t> codes, int n_threads) {
    const auto& table = kernels<T>();
    Conv<T> job = conv_job<T>(x, W, winograd);
    expect_shape(b, {size_t(job.c_out)}, "b has the wrong shape");
    expect_pooled(job, y, "y has the wrong shape");
    job.b = b.data(), job.y = y.data();
    expect_pooled(job, codes, "codes have the wrong shape");
    job.codes = codes.data();
    job.prepared = static_cast<T*>(workspace(sizeof(T) * table.conv_prepared(job)));
    if (!table.conv_prepare(job)) return false;
    const int parts = parts_of(job.n, n_threads);
    std::atomic<bool> tame{true};
    share(n_threads, parts, table.conv_forward_scratch(job), [&](int part, void* scratch) {
        const int first = cut(job.n, part, parts), last = cut(job.n, part + 1, parts);
        if (!table.conv_forward(job, first, last, scratch)) tame = false;
    });
    return tame;
}

template <class T, class X>
bool conv_backward(Input<X> x, Input<T> W, Input<uint8_t> codes, Input<T> dy, Array<T> dW, Array<T> db, Array<T> dx,
                   int n_threads) {
    Conv<T> job = conv_job<T>(x, W, false);
    const auto& table = kernels_for_rows<T>(3 * job.c_in);
    const size_t c_in = job.c_in, c_out = job.c_out;
    expect_pooled(job, codes, "codes have the wrong shape");
    expect_pooled(job, dy, "dy has the wrong shape");
    expect_shape(dW, {3, 3, c_in, c_out}, "dW has the wrong shape");
    expect_shape(db, {c_out}, "db has the wrong shape");
    job.codes = const_cast<uint8_t*>(codes.data()), job.dy = dy.data();
    if (dx.is_valid()) {
        expect_shape(dx, {size_t(job.n), size_t(job.height), size_t(job.width), c_in}, "dx has the wrong shape");
        job.dx = dx.data();
    }
    const size_t size = table.conv_sums(job), weights = rounded<T>(job.dx ? table.conv_backward_prepared(job) : 0);
    job.prepared = static_cast<T*>(workspace(sizeof(T) * (weights + SHARDS * size)));
    T* sums = job.prepared + weights;
    const int channels = 16, groups = (job.c_out + channels - 1) / channels;
    auto last_of = [&](int group) { return std::min(job.c_out, (group + 1) * channels); };
    if (job.dx)
        share(n_threads, groups, 0,
              [&](int group, void*) { table.conv_backward_prepare(job, group * channels, last_of(group)); });
    std::atomic<bool> tame{true};
    share(n_threads, SHARDS, table.conv_backward_scratch(job), [&](int shard, void* scratch) {
        Conv<T> mine = job;
        mine.sums = sums + shard * size;
        std::fill(mine.sums, mine.sums + size, T(0));
        const int first = cut(job.n, shard, SHARDS), last = cut(job.n, shard + 1, SHARDS);
        if (!table.conv_backward(mine, first, last, scratch)) tame = false;
    });
    job.sums = sums;
    share(n_threads, groups, 0, [&](int group, void*) {
        table.conv_gather(job, SHARDS, group * channels, last_of(group), dW.data(), db.data());
    });
    return tame;
}

// Cost and optimizers --------------------------------------------------------------------------------------

// Returns the mean loss, or NaN where a number is too large for us or a class is none.
template <class T>
double softmax_cross_entropy(Input<T> y, Input<int64_t> t, bool binary, Array<T> dy) {
    expect(y.ndim() == 2 && y.shape(0) < MOST && y.shape(1) > 0 && y.shape(1) < MOST, "y has two axes");
    const size_t n = y.shape(0), n_classes = y.shape(1);
    expect_shape(t, {n}, "t has the wrong shape");
    expect_shape(dy, {n, n_classes}, "dy has the wrong shape");
    for (size_t i = 0; i < n; i++)
        if (t.data()[i] < 0 || t.data()[i] >= int64_t(n_classes)) return NAN;
    double loss = 0;
    const bool tame =
        kernels<T>().softmax_cross_entropy(int(n), int(n_classes), y.data(), t.data(), binary, &loss, dy.data());
    return tame ? loss / double(n) : NAN;
}

constexpr size_t STRETCH = 1 << 14;  // parameters that a thread does at a time
constexpr size_t MOST_STRETCHES = 1 << 15;

template <class T, class Step>
void for_stretches(size_t size, int n_threads, Step step) {
    const size_t stretch = std::max(STRETCH, size / MOST_STRETCHES + 1), parts = (size + stretch - 1) / stretch;
    share(n_threads, int(parts), 0,
          [&](int part, void*) { step(part * stretch, std::min(size, (part + 1) * stretch)); });
}

template <class T>
void sgd(Array<T> theta, Input<T> g, Array<T> v, double lr, double momentum, int n_threads) {
    const size_t size = theta.size();
    expect_shape(theta, {size}, "theta has one axis");
    expect_shape(g, {size}, "the gradient has the wrong shape");
    expect_shape(v, {size}, "v has the wrong shape");
    for_stretches<T>(size, n_threads, [&](size_t first, size_t last) {
        kernels<T>().sgd(first, last, theta.data(), g.data(), v.data(), T(lr), T(momentum));
    });
}

template <class T>
void adam(Array<T> theta, Input<T> g, Array<T> m, Array<T> v, double lr, double beta1, double beta2, double root,
          double eps, double keep, int n_threads) {
    const size_t size = theta.size();
    expect_shape(theta, {size}, "theta has one axis");
    expect_shape(g, {size}, "the gradient has the wrong shape");
    expect_shape(m, {size}, "m has the wrong shape");
    expect_shape(v, {size}, "v has the wrong shape");
    for_stretches<T>(size, n_threads, [&](size_t first, size_t last) {
        kernels<T>().adam(first, last, theta.data(), g.data(), m.data(), v.data(), T(lr), T(1 - beta1), T(1 - beta2), T(root),
                          T(eps), T(keep));
    });
}

// Warps ----------------------------------------------------------------------------------------------------

template <class X>
void warp(Input<X> images, Input<float> affine, Input<float> bumps, Input<float> thickness, Input<float> row_basis,
          Input<float> column_basis, Array<X> bent, int n_threads) {
    expect(images.ndim() == 4 && bumps.ndim() == 4, "images and bumps have four axes");
    const size_t n = images.shape(0), height = images.shape(1), width = images.shape(2), channels = images.shape(3);
    const size_t grid = bumps.shape(1);
    expect(n < MOST && (height + 3) * (width + 3) < MOST && (height + 3) * (width + 3) * channels < MOST, "too large");
    expect_shape(affine, {n, 2, 3}, "affine has the wrong shape");
    expect_shape(bumps, {n, grid, grid, 2}, "bumps have the wrong shape");
    expect_shape(thickness, {n}, "thickness has the wrong shape");
    expect_shape(row_basis, {grid, height}, "row_basis has the wrong shape");
    expect_shape(column_basis, {grid, width}, "column_basis has the wrong shape");
    expect_shape(bent, {n, height, width, channels}, "bent has the wrong shape");
    Warp job{};
    job.n = int(n), job.height = int(height), job.width = int(width), job.channels = int(channels), job.grid = int(grid);
    if constexpr (std::is_same_v<X, uint8_t>) job.bytes = images.data(), job.bent_bytes = bent.data();
    else job.pixels = images.data(), job.bent_pixels = bent.data();
    job.affine = affine.data(), job.bumps = bumps.data(), job.thickness = thickness.data();
    job.row_basis = row_basis.data(), job.column_basis = column_basis.data();
    const int parts = parts_of(job.n, n_threads);
    share(n_threads, parts, chosen()->warp_scratch(job), [&](int part, void* scratch) {
        const int first = cut(job.n, part, parts), last = cut(job.n, part + 1, parts);
        chosen()->warp_images(job, first, last, scratch);
    });
}

// The module -----------------------------------------------------------------------------------------------

template <class T>
void define(nb::module_& m) {
    const nb::call_guard<nb::gil_scoped_release> no_lock;
    auto fixed = [](const char* name) { return nb::arg(name).noconvert(); };
    m.def("sparse_forward", sparse_forward<T, T>, fixed("x"), fixed("W"), fixed("b"), "slope"_a, "alpha"_a, fixed("y"),
          fixed("index"), fixed("value"), fixed("starts"), "n_threads"_a, no_lock);
    m.def("sparse_forward", sparse_forward<T, uint8_t>, fixed("x"), fixed("W"), fixed("b"), "slope"_a, "alpha"_a,
          fixed("y"), fixed("index"), fixed("value"), fixed("starts"), "n_threads"_a, no_lock);
    m.def("sparse_gradient", sparse_gradient<T>, fixed("index"), fixed("value"), fixed("starts"), fixed("dz"), fixed("dW"),
          "n_threads"_a, no_lock);
    m.def("narrow_forward", narrow_forward<T>, fixed("x"), fixed("W"), fixed("b"), "slope"_a, "alpha"_a, fixed("y"),
          "n_threads"_a, no_lock);
    m.def("narrow_gradient", narrow_gradient<T>, fixed("x"), fixed("dz"), fixed("dW"), "n_threads"_a, no_lock);
    m.def("narrow_back", narrow_back<T>, fixed("dz"), fixed("W"), fixed("dx"), "n_threads"_a, no_lock);
    m.def("bias_activation", bias_activation<T>, fixed("y"), fixed("b"), "slope"_a, "alpha"_a, no_lock);
    m.def("activation_gradient", activation_gradient<T>, fixed("y"), fixed("dy"), "slope"_a, "alpha"_a, fixed("dz"),
          fixed("db"), no_lock);
    m.def("conv_forward", conv_forward<T, T>, fixed("x"), fixed("W"), fixed("b"), "winograd"_a, fixed("y"),
          fixed("codes"), "n_threads"_a, no_lock);
    m.def("conv_forward", conv_forward<T, uint8_t>, fixed("x"), fixed("W"), fixed("b"), "winograd"_a, fixed("y"),
          fixed("codes"), "n_threads"_a, no_lock);
    m.def("conv_backward", conv_backward<T, T>, fixed("x"), fixed("W"), fixed("codes"), fixed("dy"), fixed("dW"),
          fixed("db"), fixed("dx").none(), "n_threads"_a, no_lock);
    m.def("conv_backward", conv_backward<T, uint8_t>, fixed("x"), fixed("W"), fixed("codes"), fixed("dy"), fixed("dW"),
          fixed("db"), fixed("dx").none(), "n_threads"_a, no_lock);
    m.def("softmax_cross_entropy", softmax_cross_entropy<T>, fixed("y"), fixed("t"), "binary"_a,
          fixed("dy"), no_lock);
    m.def("sgd", sgd<T>, fixed("theta"), fixed("g"), fixed("v"), "lr"_a, "momentum"_a, "n_threads"_a, no_lock);
    m.def("adam", adam<T>, fixed("theta"), fixed("g"), fixed("m"), fixed("v"), "lr"_a, "beta1"_a, "beta2"_a, "root"_a,
          "eps"_a, "keep"_a, "n_threads"_a, no_lock);
}

template <class X>
void define_warp(nb::module_& m) {
    auto fixed = [](const char* name) { return nb::arg(name).noconvert(); };
    m.def("warp", warp<X>, fixed("images"), fixed("affine"), fixed("bumps"), fixed("thickness"), fixed("row_basis"),
          fixed("column_basis"), fixed("bent"), "n_threads"_a, nb::call_guard<nb::gil_scoped_release>());
}

void use(const char* name) {
    const Tables* all[] = {
        &baseline::tables,
#if defined(INKGRAD_X86)
        &avx2::tables, &avx512::tables,
#endif
    };
    for (const Tables* table : all) {
        if (can(table) && std::string_view(name) == table->name) {
            chosen() = table;
            return;
        }
    }
    throw nb::value_error("no such instruction set on this machine");
}

}  // namespace
}  // namespace inkgrad

NB_MODULE(_kernels, m) {
    using namespace inkgrad;
    m.attr("BLOCK") = kernels<float>().block;
    m.def("instruction_set", [] { return chosen()->name; });
    m.def("use", use);
    define<float>(m);
    define<double>(m);
    define_warp<uint8_t>(m);
    define_warp<float>(m);
}
