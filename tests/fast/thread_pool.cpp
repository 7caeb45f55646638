// Drives the pool of threads hard, for `make sanitize`: many jobs of several callers at once, and in forked processes.
// Ends with status 0 where all parts of all jobs were done once, whoever did them.

#include "../../src/inkgrad/fast/cpp/threads.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

constexpr int JOBS = 3000, CALLERS = 4, CHILDREN = 5;

// Plain numbers, which only the pool keeps apart: each part has its own, and the caller reads all of them afterwards.
bool job_is_done(int number) {
    const int n_parts = 1 + number * 7 % 40, n_threads = 1 + number % 6;
    const size_t scratch_size = 64 + number % 9 * 1000;
    std::vector<int64_t> found(n_parts, -1);
    inkgrad::share(n_threads, n_parts, scratch_size, [&](int part, void* scratch) {
        auto* mine = static_cast<unsigned char*>(scratch);
        for (size_t i = 0; i < scratch_size; i++) mine[i] = static_cast<unsigned char>(part);
        found[part] += 1 + part + mine[scratch_size - 1];
    });
    for (int part = 0; part < n_parts; part++)
        if (found[part] != 2 * part) return false;
    return true;
}

bool jobs_are_done(int n_jobs) {
    for (int number = 0; number < n_jobs; number++)
        if (!job_is_done(number)) return false;
    return true;
}

bool callers_are_served() {
    std::atomic<bool> all{true};
    std::vector<std::thread> callers;
    for (int i = 0; i < CALLERS; i++)
        callers.emplace_back([&] {
            if (!jobs_are_done(JOBS)) all = false;
        });
    for (std::thread& caller : callers) caller.join();
    return all;
}

bool child_ends_well() {
    const pid_t child = fork();
    if (child == 0) _exit(jobs_are_done(JOBS / 10) ? 0 : 1);
    int status = 1;
    waitpid(child, &status, 0);
    return status == 0;
}

}  // namespace

int main() {
    bool well = jobs_are_done(JOBS) && callers_are_served();
    for (int i = 0; i < CHILDREN; i++) well = well && child_ends_well() && jobs_are_done(10);
    std::puts(well ? "all parts of all jobs were done once" : "a part of a job was not done once");
    return well ? 0 : 1;
}
