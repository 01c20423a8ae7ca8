/*
 * sha256 -- checksums, piece by piece, by libcrypto: start, add as often as one likes, finish.
 *
 * After a successful start, finish must be called: it gives the context back. Sums are lowercase
 * hexadecimal texts. Both fail only when memory is out (or libcrypto is crippled).
 */
#ifndef LAYERS_CORE_SHA256_H
#define LAYERS_CORE_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#include "layers/core/err.h"

enum { SHA256_HEX = 65 }; /* bytes of a sum with its terminating 0 */

struct sha256 {
	void *context; /* owned: libcrypto's */
	bool failed;   /* an add did: finish tells */
};

int sha256_start(struct sha256 *sha256, struct err *err);
void sha256_add(struct sha256 *sha256, const void *data, size_t size);
int sha256_finish(struct sha256 *sha256, char hex[SHA256_HEX], struct err *err);

#endif
