// What kernels need of CUDA, on threads of a processor: for tests of their arithmetic and indexing where there is no GPU.
// Blocks run one after the other; the threads of a block are threads, and meet where the kernel synchronises.
#pragma once
#define ON_THREADS

#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#define __device__
#define __global__
#define __shared__ static // one block at a time

using std::max;
using std::min;

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
static thread_local dim3 threadIdx, blockIdx;
static dim3 gridDim;
static std::barrier<> *block_barrier;

inline void __syncthreads() { block_barrier->arrive_and_wait(); }

struct __nv_bfloat16 {
    uint16_t bits;
};

inline float __bfloat162float(__nv_bfloat16 x) {
    const uint32_t bits = uint32_t(x.bits) << 16;
    float number;
    std::memcpy(&number, &bits, sizeof number);
    return number;
}

inline __nv_bfloat16 __float2bfloat16(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    // To the nearest, ties to even.
    return {uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

template <typename Body> void launch(dim3 grid, unsigned threads, Body body) {
    gridDim = grid;
    for (unsigned z = 0; z < grid.z; ++z)
        for (unsigned y = 0; y < grid.y; ++y)
            for (unsigned x = 0; x < grid.x; ++x) {
                std::barrier<> barrier(threads);
                block_barrier = &barrier;
                std::vector<std::thread> all;
                for (unsigned t = 0; t < threads; ++t)
                    all.emplace_back([=] {
                        threadIdx = {t, 0, 0};
                        blockIdx = {x, y, z};
                        body();
                    });
                for (auto &thread : all) thread.join();
            }
}
