/*
 * checksum -- SHA-256 sums of data in memory, of files, and of data that is still being read.
 */
#ifndef DATASETS_CHECKSUM_H
#define DATASETS_CHECKSUM_H

#include <pthread.h>
#include <stdint.h>

#include "layers/core/sha256.h"

int checksum_data(char hex[SHA256_HEX], const void *data, size_t size, struct err *err);
int checksum_file(char hex[SHA256_HEX], const char *path, struct err *err);

/*
 * A *follower* hashes a block of memory in a thread of its own while another thread still fills it,
 * front to back: a data set that is inflated in 110 ms is hashed in no time of its own.
 * start .. advance (as often as one likes, with the bytes that are ready so far) .. finish.
 * After a successful start, finish must be called; it waits for the thread.
 */
struct checksum_follower {
	pthread_t thread;
	pthread_mutex_t lock; /* guards ready and last */
	pthread_cond_t more;
	struct sha256 sha256;
	const uint8_t *data; /* borrowed */
	size_t ready;
	bool last; /* nothing comes after `ready` */
};

int checksum_follower_start(
	struct checksum_follower *follower, const uint8_t *data, struct err *err);
void checksum_follower_advance(struct checksum_follower *follower, size_t ready);
int checksum_follower_finish(
	struct checksum_follower *follower, char hex[SHA256_HEX], struct err *err);

#endif
