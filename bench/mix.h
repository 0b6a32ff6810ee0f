/* mix.h — splitmix64: one to one, so that what is made of different numbers differs, and looks like no order at all. */
#pragma once
#include <stdint.h>

static inline uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}
