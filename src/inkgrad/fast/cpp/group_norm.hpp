// Group normalisation, with or without ReLU and the largest of each window after it, forward and backward.
//
// One image at a time: it is read from memory once, and then from the cache for its mean, its variance and the outputs.
// With the mean m and r = 1 / sqrt(variance + eps) of a channel's group, h = r (x - m) and z = gain h + bias,
//
//     y = the largest of max(0, z) in a window,    dz = dy where a number was the largest and got through, else 0,
//     dgain = sum dz h,   dbias = sum dz,   dx = r (gain dz - mean(gain dz) - h mean(gain dz h)),
//
// with the means over a group, as standardise.py derives it.  What was between them is not kept: x says it again.  A
// code for each output says which of its window it was.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include <cmath>

#include "max_pool.hpp"

namespace inkgrad {

constexpr int NORM_SHARDS = 8;       // dgain and dbias are added up in so many parts, whatever the number of threads
constexpr int SUMMED_AT_ONCE = 256;  // in a float; sums of more are summed up

template <class T>
struct GroupNorm : Windows {
    int n, groups;
    bool relu;
    const T *x, *gain, *bias;

    int wide() const { return padded<T>(channels); }
    int members() const { return channels / groups; }
    size_t in_group() const { return size_t(pixels()) * members(); }  // numbers
};

// The sum of number(i) over i < n.
template <class T, class Number>
ALWAYS_INLINE Vector<T> sum_over(int n, Number number) {
    Vector<T> total{};
    for (int from = 0; from < n; from += SUMMED_AT_ONCE) {
        const int last = smaller(n, from + SUMMED_AT_ONCE);
        Vector<T> s[4] = {};
        int i = from;
        for (; i + 4 <= last; i += 4)
            UNROLL
            for (int k = 0; k < 4; k++) s[k] += number(i + k);
        for (; i < last; i++) s[0] += number(i);
        total += (s[0] + s[1]) + (s[2] + s[3]);
    }
    return total;
}

// For each channel, the mean over its group of what `sums` has of each channel.
template <class T>
void mean_of_groups(const GroupNorm<T>& job, const T* sums, T* means) {
    for (int group = 0; group < job.groups; group++) {
        const int first = group * job.members(), last = first + job.members();
        T sum = 0;
        for (int c = first; c < last; c++) sum += sums[c];
        for (int c = first; c < last; c++) means[c] = sum / T(job.in_group());
    }
}

// m and r of each channel, (2, wide), from one image; false where a number is too large for us.
template <class T>
bool measure_image(const GroupNorm<T>& job, T eps, const T* x, T* sums, T* m, T* r) {
    Watch<T> watch;
    for (int o = 0; o < job.channels; o += LANES<T>) {
        const int n = smaller(LANES<T>, job.channels - o);
        store(sums + o, sum_over<T>(job.pixels(), [&](int i) {
                  const Vector<T> v = load_first(n, x + size_t(i) * job.channels + o);
                  watch.see(v);
                  return v;
              }));
    }
    if (!watch.tame()) return false;
    mean_of_groups(job, sums, m);
    for (int o = 0; o < job.channels; o += LANES<T>) {
        const int n = smaller(LANES<T>, job.channels - o);
        const Vector<T> mean = load_first(n, m + o);
        store(sums + o, sum_over<T>(job.pixels(), [&](int i) {
                  const Vector<T> centred = load_first(n, x + size_t(i) * job.channels + o) - mean;
                  return centred * centred;
              }));
    }
    mean_of_groups(job, sums, r);
    bool tame = true;
    for (int c = 0; c < job.channels; c++) {
        r[c] = 1 / std::sqrt(r[c] + eps);
        tame &= r[c] <= TAME<T>;
    }
    return tame;
}

// y and the codes of one image.
template <class T>
void normalise_image(const GroupNorm<T>& job, const T* x, const T* m, const T* r, T* y, uint8_t* codes) {
    for (int o = 0; o < job.channels; o += LANES<T>) {
        const int n = smaller(LANES<T>, job.channels - o);
        const Vector<T> mean = load_first(n, m + o), scale = load_first(n, r + o) * load_first(n, job.gain + o);
        const Vector<T> bias = load_first(n, job.bias + o);
        auto number = [&](int pixel) {
            return (load_first(n, x + size_t(pixel) * job.channels + o) - mean) * scale + bias;
        };
        pool_windows<T>(job, o, job.relu, number, y, codes);
    }
}

// What one image adds to dgain and dbias, and for each channel the two means over its group that dx needs.
template <class T>
bool add_gradient(const GroupNorm<T>& job, const T* x, const T* m, const T* r, const uint8_t* codes, const T* dy, T* sums,
                  T* dgain, T* dbias, T* mean_dh, T* mean_dhh) {
    const int area = job.area();
    Watch<T> watch;
    T* products = sums + job.wide();
    for (int o = 0; o < job.channels; o += LANES<T>) {
        const int n = smaller(LANES<T>, job.channels - o);
        const Vector<T> mean = load_first(n, m + o), scale = load_first(n, r + o), gain = load_first(n, job.gain + o);
        Vector<T> total{}, total_h{}, sum{}, sum_h{};
        int summed = 0;
        for_windows(job, [&](int window, int pixel) {
            const size_t here = size_t(window) * job.channels + o;
            const Integers<T> code = widen<T>(load_codes<T>(n, codes + here));
            const Vector<T> dy_here = load_first(n, dy + here);
            watch.see(dy_here);
            sum += code < NO_NUMBER ? dy_here : Vector<T>{};
            for (int q = 0; q < area; q++) {
                const size_t place = pixel + job.offsets[q];
                const Vector<T> centred = load_first(n, x + place * job.channels + o) - mean;
                sum_h += (code == q ? dy_here : Vector<T>{}) * centred;
            }
            if (++summed % SUMMED_AT_ONCE == 0) total += sum, total_h += sum_h, sum = Vector<T>{}, sum_h = Vector<T>{};
        });
        total += sum, total_h = (total_h + sum_h) * scale;
        store(dbias + o, load(dbias + o) + total);
        store(dgain + o, load(dgain + o) + total_h);
        store(sums + o, total * gain);
        store(products + o, total_h * gain);
    }
    mean_of_groups(job, sums, mean_dh);
    mean_of_groups(job, products, mean_dhh);
    return watch.tame();
}

template <class T>
void standardise_back(const GroupNorm<T>& job, const T* x, const T* m, const T* r, const uint8_t* codes, const T* dy,
                      const T* mean_dh, const T* mean_dhh, T* dx) {
    for (int o = 0; o < job.channels; o += LANES<T>) {
        const int n = smaller(LANES<T>, job.channels - o);
        const Vector<T> mean = load_first(n, m + o), scale = load_first(n, r + o), gain = load_first(n, job.gain + o);
        const Vector<T> dh_mean = load_first(n, mean_dh + o), dhh_mean = load_first(n, mean_dhh + o);
        spread_windows<T>(job, o, codes, dy, [&](int pixel, Vector<T> dz) {
            const size_t here = size_t(pixel) * job.channels + o;
            const Vector<T> h = (load_first(n, x + here) - mean) * scale;
            store_first(n, dx + here, scale * (gain * dz - dh_mean - h * dhh_mean));
        });
    }
}

// From Python ----------------------------------------------------------------------------------------------

template <class T>
GroupNorm<T> group_norm_of(Input<T> x, Input<T> gain, int groups, int down, int across, bool relu) {
    const Windows windows = windows_of(x, down, across);
    expect_shape(gain, {x.shape(3)}, "gain has the wrong shape");
    expect(groups > 0 && x.shape(3) % groups == 0, "the groups do not divide the channels");
    return {windows, int(x.shape(0)), groups, relu, x.data(), gain.data(), nullptr};
}

// y, the codes, and m and r of each image and channel; false where a number is too large for us.
template <class T>
bool group_norm_forward(Input<T> x, Input<T> gain, Input<T> bias, int groups, T eps, int down, int across, bool relu,
                        Array<T> y, Array<uint8_t> codes, Array<T> m, Array<T> r, int n_threads) {
    GroupNorm<T> job = group_norm_of(x, gain, groups, down, across, relu);
    expect_shape(bias, {x.shape(3)}, "bias has the wrong shape");
    expect_windows(job, job.n, y, "y has the wrong shape");
    expect_windows(job, job.n, codes, "codes have the wrong shape");
    for (auto* each : {&m, &r}) expect_shape(*each, {x.shape(0), x.shape(3)}, "m or r has the wrong shape");
    job.bias = bias.data();
    for (int c = 0; c < job.channels; c++)
        if (!(std::abs(job.gain[c]) <= TAME<T> && std::abs(job.bias[c]) <= TAME<T>)) return false;
    const size_t inputs = size_t(job.pixels()) * job.channels, outputs = size_t(job.count()) * job.channels;
    return for_parts(job.n, parts_of(job.n, n_threads), n_threads, sizeof(T) * job.wide(),
                     [&](int first, int last, void* scratch) {
                         for (size_t image = first; image < size_t(last); image++) {
                             const T* here = job.x + image * inputs;
                             T *mean = m.data() + image * job.channels, *scale = r.data() + image * job.channels;
                             if (!measure_image(job, eps, here, static_cast<T*>(scratch), mean, scale)) return false;
                             normalise_image(job, here, mean, scale, y.data() + image * outputs,
                                             codes.data() + image * outputs);
                         }
                         return true;
                     });
}

// dgain, dbias and dx, unless that is null; false where a number is too large for us.
template <class T>
bool group_norm_backward(Input<T> x, Input<T> gain, int groups, int down, int across, Input<uint8_t> codes, Input<T> m,
                         Input<T> r, Input<T> dy, Array<T> dgain, Array<T> dbias, Array<T> dx, int n_threads) {
    const GroupNorm<T> job = group_norm_of(x, gain, groups, down, across, false);
    expect_windows(job, job.n, codes, "codes have the wrong shape");
    expect_windows(job, job.n, dy, "dy has the wrong shape");
    for (auto* each : {&m, &r}) expect_shape(*each, {x.shape(0), x.shape(3)}, "m or r has the wrong shape");
    for (auto* each : {&dgain, &dbias}) expect_shape(*each, {x.shape(3)}, "dgain or dbias has the wrong shape");
    if (dx.is_valid()) expect_shape(dx, {x.shape(0), x.shape(1), x.shape(2), x.shape(3)}, "dx has the wrong shape");
    const size_t inputs = size_t(job.pixels()) * job.channels, outputs = size_t(job.count()) * job.channels;
    const int wide = job.wide();
    T* sums = room_for<T>(size_t(2) * NORM_SHARDS * wide);
    std::atomic<bool> tame{true};
    share(n_threads, NORM_SHARDS, sizeof(T) * 4 * wide, [&](int shard, void* scratch) {
        T *dgain_here = sums + size_t(2) * shard * wide, *dbias_here = dgain_here + wide, *mine = static_cast<T*>(scratch);
        std::fill(dgain_here, dbias_here + wide, T(0));
        const int last = cut(job.n, shard + 1, NORM_SHARDS);
        for (size_t image = cut(job.n, shard, NORM_SHARDS); image < size_t(last) && tame; image++) {
            const T *here = job.x + image * inputs, *mean = m.data() + image * job.channels;
            const T *scale = r.data() + image * job.channels, *dy_here = dy.data() + image * outputs;
            const uint8_t* code = codes.data() + image * outputs;
            T *mean_dh = mine + 2 * wide, *mean_dhh = mine + 3 * wide;
            if (!add_gradient(job, here, mean, scale, code, dy_here, mine, dgain_here, dbias_here, mean_dh, mean_dhh))
                tame = false;
            if (dx.is_valid())
                standardise_back(job, here, mean, scale, code, dy_here, mean_dh, mean_dhh, dx.data() + image * inputs);
        }
    });
    for (int c = 0; c < job.channels; c++) {
        T gain_sum = 0, bias_sum = 0;
        for (int shard = 0; shard < NORM_SHARDS; shard++) {
            gain_sum += sums[size_t(2) * shard * wide + c];
            bias_sum += sums[size_t(2) * shard * wide + wide + c];
        }
        dgain.data()[c] = gain_sum, dbias.data()[c] = bias_sum;
    }
    return tame;
}

template <class T>
void define_group_norm(nb::module_& m) {
    m.def("group_norm_forward", group_norm_forward<T>, fixed("x"), fixed("gain"), fixed("bias"), "groups"_a, "eps"_a,
          "down"_a, "across"_a, "relu"_a, fixed("y"), fixed("codes"), fixed("m"), fixed("r"), "n_threads"_a, NoLock());
    m.def("group_norm_backward", group_norm_backward<T>, fixed("x"), fixed("gain"), "groups"_a, "down"_a, "across"_a,
          fixed("codes"), fixed("m"), fixed("r"), fixed("dy"), fixed("dgain"), fixed("dbias"), fixed("dx").none(),
          "n_threads"_a, NoLock());
}

}  // namespace inkgrad
