// The kernels of decode_attention.cu against attention written out in double precision. Ends with 1 where they differ.
#include "threads.h"

#include "../../src/gpu/decode_attention.cu"

#include <cstdio>
#include <random>

static float number(float x) { return x; }
static float number(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T, int D, int G> static bool right(unsigned window, unsigned piece_length, double limit) {
    const unsigned kv_heads = 2, heads = kv_heads * G, pool = 700, longest = 300;
    const std::vector<unsigned> lengths = {1, 300, 131};
    const unsigned sequences = lengths.size(), pieces = (longest + piece_length - 1) / piece_length;
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    auto filled = [&](size_t count) {
        std::vector<T> numbers(count);
        for (auto &x : numbers) narrow(&x, normal(random));
        return numbers;
    };
    auto query = filled(sequences * heads * D), keys = filled(kv_heads * pool * D), values = filled(kv_heads * pool * D);
    // Slots that belong to no sequence hold what must not be read.
    std::vector<unsigned> order(pool);
    for (unsigned i = 0; i < pool; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<unsigned> slots(sequences * longest);
    unsigned next = 0;
    for (unsigned s = 0; s < sequences; ++s)
        for (unsigned k = 0; k < longest; ++k) slots[s * longest + k] = k < lengths[s] ? order[next++] : order[pool - 1];
    for (unsigned h = 0; h < kv_heads; ++h)
        for (int d = 0; d < D; ++d) {
            narrow(&keys[(h * pool + order[pool - 1]) * D + d], NAN);
            narrow(&values[(h * pool + order[pool - 1]) * D + d], NAN);
        }
    const float scale = 1 / std::sqrt(float(D));
    std::vector<float> partial(size_t(sequences) * heads * pieces * (D + 2), NAN);
    std::vector<T> result(sequences * heads * D);
    launch({pieces, kv_heads, sequences}, THREADS, [&] {
        attend_piece<T, D, G>(query.data(), keys.data(), values.data(), slots.data(), lengths.data(), partial.data(), pool, longest,
                              piece_length, window, scale);
    });
    launch({heads, sequences, 1}, D, [&] { join_pieces<T, D>(partial.data(), result.data(), pieces); });

    double worst = 0;
    for (unsigned s = 0; s < sequences; ++s)
        for (unsigned h = 0; h < heads; ++h) {
            const unsigned first = window && lengths[s] > window ? lengths[s] - window : 0;
            auto at = [&](std::vector<T> &of, unsigned key, int d) {
                return double(number(of[(size_t(h / G) * pool + slots[s * longest + key]) * D + d]));
            };
            std::vector<double> weights;
            double total = 0;
            for (unsigned k = first; k < lengths[s]; ++k) {
                double score = 0;
                for (int d = 0; d < D; ++d) score += number(query[(s * heads + h) * D + d]) * at(keys, k, d);
                weights.push_back(std::exp(score * scale));
                total += weights.back();
            }
            for (int d = 0; d < D; ++d) {
                double expected = 0;
                for (unsigned k = first; k < lengths[s]; ++k) expected += weights[k - first] / total * at(values, k, d);
                const double difference = std::abs(expected - number(result[(s * heads + h) * D + d]));
                // NaN is wrong, too.
                if (!(difference <= worst)) worst = std::isnan(difference) ? INFINITY : difference;
            }
        }
    std::printf("%zu bytes, D %d, G %d, window %u, pieces of %u: %.1e\n", sizeof(T), D, G, window, piece_length, worst);
    return worst <= limit;
}

int main() {
    bool all = right<float, 64, 1>(0, 128, 1e-5);
    all &= right<float, 64, 3>(0, 384, 1e-5);
    all &= right<float, 128, 7>(100, 128, 1e-5);
    all &= right<__nv_bfloat16, 128, 8>(0, 256, 2e-2);
    return all ? 0 : 1;
}
