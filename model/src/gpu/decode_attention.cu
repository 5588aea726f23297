// Attention of one new row a sequence over keys and values that lie in a pool, slot by slot.
//
// What bounds it is memory: every key and value is read once, for all query heads that share it, and nothing is gathered or written but
// the result. A block of threads has one sequence, one key-value head and one piece of the context ("flash decoding": with few
// sequences there would be too few blocks to fill the card); the pieces are put together by the second kernel. Softmax is online
// (Milakov and Gimelshein, arXiv 1805.02867): a running maximum, and a correction of what was summed before.
//
// Tensors, row-major: query and result [sequences, heads, D]; keys and values [key_value_heads, slots of the pool, D];
// slots [sequences, longest]; lengths [sequences]. Partial results [sequences, heads, pieces, D + 2]: sums, maximum, total.
// Compiled by nvcc for GPUs, and by a C++ compiler with tests/gpu/threads.h for the tests of its arithmetic and indexing.

#ifndef ON_THREADS
#include <cuda_bf16.h>
#endif

// Threads of a block, and the keys that it scores at a time: a thread has a key when it scores, a dimension when it sums.
constexpr int THREADS = 128;
// Threads that look for the maximum of one head's scores together.
constexpr int SHARERS = 8;

__device__ inline float wide(float x) { return x; }
__device__ inline float wide(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline void narrow(float *to, float x) { *to = x; }
__device__ inline void narrow(__nv_bfloat16 *to, float x) { *to = __float2bfloat16(x); }

// G query heads share a key.
template <typename T, int D, int G>
__device__ void attend_piece(const T *query, const T *keys, const T *values, const unsigned *slots, const unsigned *lengths,
                             float *partial, unsigned pool, unsigned longest, unsigned piece_length, unsigned window, float scale) {
    static_assert(D <= THREADS && G * SHARERS <= THREADS, "a block has a thread for every dimension and sharer");
    const int thread = threadIdx.x;
    const unsigned piece = blockIdx.x, pieces = gridDim.x, head = blockIdx.y, sequence = blockIdx.z;
    const unsigned length = lengths[sequence];
    // The last `window` positions are seen, all for 0; the row's own is the last.
    const unsigned begin_seen = window > 0 && length > window ? length - window : 0;
    const unsigned begin = max(piece * piece_length, begin_seen);
    const unsigned end = min((piece + 1) * piece_length, length);
    const unsigned first_head = head * G, heads = gridDim.y * G;

    __shared__ float queries[G][D];
    __shared__ float scores[G][THREADS];
    __shared__ float best[G][SHARERS], sums[G][SHARERS];
    for (int index = thread; index < G * D; index += THREADS) {
        queries[index / D][index % D] = wide(query[(size_t)(sequence * heads + first_head) * D + index]) * scale;
    }
    float maximum[G], total[G], sum[G];
    for (int g = 0; g < G; ++g) {
        maximum[g] = -INFINITY;
        total[g] = 0;
        sum[g] = 0;
    }
    __syncthreads();

    for (unsigned tile = begin; tile < end; tile += THREADS) {
        const unsigned key = tile + thread;
        float score[G];
        for (int g = 0; g < G; ++g) score[g] = key < end ? 0 : -INFINITY;
        if (key < end) {
            const T *row = keys + ((size_t)head * pool + slots[(size_t)sequence * longest + key]) * D;
#pragma unroll 8
            for (int d = 0; d < D; ++d) {
                const float number = wide(row[d]);
                for (int g = 0; g < G; ++g) score[g] += queries[g][d] * number;
            }
        }
        for (int g = 0; g < G; ++g) scores[g][thread] = score[g];
        __syncthreads();

        const int shared_head = thread / SHARERS, part = thread % SHARERS;
        if (shared_head < G) {
            float found = -INFINITY;
            for (int k = part; k < THREADS; k += SHARERS) found = max(found, scores[shared_head][k]);
            best[shared_head][part] = found;
        }
        __syncthreads();
        float correction[G];
        for (int g = 0; g < G; ++g) {
            float found = maximum[g];
            for (int s = 0; s < SHARERS; ++s) found = max(found, best[g][s]);
            correction[g] = expf(maximum[g] - found);
            maximum[g] = found;
            scores[g][thread] = expf(score[g] - found);
        }
        __syncthreads();
        if (shared_head < G) {
            float found = 0;
            for (int k = part; k < THREADS; k += SHARERS) found += scores[shared_head][k];
            sums[shared_head][part] = found;
        }
        __syncthreads();
        for (int g = 0; g < G; ++g) {
            total[g] *= correction[g];
            sum[g] *= correction[g];
            for (int s = 0; s < SHARERS; ++s) total[g] += sums[g][s];
        }
        if (thread < D) {
            const unsigned count = min((unsigned)THREADS, end - tile);
#pragma unroll 4
            for (unsigned k = 0; k < count; ++k) {
                const unsigned slot = slots[(size_t)sequence * longest + tile + k];
                const float number = wide(values[((size_t)head * pool + slot) * D + thread]);
                for (int g = 0; g < G; ++g) sum[g] += scores[g][k] * number;
            }
        }
        __syncthreads();
    }

    for (int g = 0; g < G; ++g) {
        float *out = partial + ((size_t)(sequence * heads + first_head + g) * pieces + piece) * (D + 2);
        if (thread < D) out[thread] = sum[g];
        if (thread == 0) {
            out[D] = maximum[g];
            out[D + 1] = total[g];
        }
    }
}

// One block a head and sequence, a thread a dimension.
template <typename T, int D>
__device__ void join_pieces(const float *partial, T *result, unsigned pieces) {
    const size_t row = (size_t)blockIdx.y * gridDim.x + blockIdx.x;
    const float *parts = partial + row * pieces * (D + 2);
    const int thread = threadIdx.x;
    float maximum = -INFINITY;
    for (unsigned p = 0; p < pieces; ++p) maximum = max(maximum, parts[p * (D + 2) + D]);
    float total = 0, sum = 0;
    for (unsigned p = 0; p < pieces; ++p) {
        const float *part = parts + p * (D + 2);
        // A piece of which nothing is seen has minus infinity for its maximum, and counts for nothing.
        const float share = expf(part[D] - maximum);
        total += part[D + 1] * share;
        sum += part[thread] * share;
    }
    narrow(result + row * D + thread, sum / total);
}

#define PIECE(NAME, T, D, G)                                                                                                       \
    extern "C" __global__ void attend_##NAME##_##D##_##G(const T *query, const T *keys, const T *values, const unsigned *slots,    \
                                                         const unsigned *lengths, float *partial, unsigned pool, unsigned longest, \
                                                         unsigned piece_length, unsigned window, float scale) {                    \
        attend_piece<T, D, G>(query, keys, values, slots, lengths, partial, pool, longest, piece_length, window, scale);           \
    }
#define JOIN(NAME, T, D)                                                                                         \
    extern "C" __global__ void join_##NAME##_##D(const float *partial, T *result, unsigned pieces) {             \
        join_pieces<T, D>(partial, result, pieces);                                                              \
    }
#define GROUPS(NAME, T, D) \
    PIECE(NAME, T, D, 1)   \
    PIECE(NAME, T, D, 2)   \
    PIECE(NAME, T, D, 3)   \
    PIECE(NAME, T, D, 4)   \
    PIECE(NAME, T, D, 5)   \
    PIECE(NAME, T, D, 6)   \
    PIECE(NAME, T, D, 7)   \
    PIECE(NAME, T, D, 8)   \
    JOIN(NAME, T, D)

GROUPS(bf16, __nv_bfloat16, 64)
GROUPS(bf16, __nv_bfloat16, 128)
GROUPS(f32, float, 64)
GROUPS(f32, float, 128)
