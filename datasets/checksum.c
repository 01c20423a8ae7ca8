/* checksum -- see checksum.h. */
#include "datasets/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 18 };

int checksum_data(char hex[SHA256_HEX], const void *data, size_t size, struct err *err)
{
	struct sha256 sha256;

	if (sha256_start(&sha256, err))
		return -1;
	sha256_add(&sha256, data, size);
	return sha256_finish(&sha256, hex, err);
}

/* Feeds all of `fd`; 0, or an errno value. */
static int add_file(struct sha256 *sha256, int fd)
{
	uint8_t *buffer = malloc(READ_SIZE);
	ssize_t n = 0;
	int code = buffer ? 0 : ENOMEM;

	while (!code && (n = read(fd, buffer, READ_SIZE)) != 0) {
		if (n > 0)
			sha256_add(sha256, buffer, (size_t)n);
		else if (errno != EINTR)
			code = errno;
	}
	free(buffer);
	return code;
}

int checksum_file(char hex[SHA256_HEX], const char *path, struct err *err)
{
	struct sha256 sha256;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int code, rc;

	if (fd < 0)
		return err_errno(err, errno, "cannot open %s", path);
	if (sha256_start(&sha256, err)) {
		close(fd);
		return -1;
	}
	code = add_file(&sha256, fd);
	close(fd);
	rc = sha256_finish(&sha256, hex, err);
	return code ? err_errno(err, code, "cannot read %s", path) : rc;
}

/* Waits until more than `done` bytes are ready, or all are; says how many and whether all. */
static size_t wait_for_more(struct checksum_follower *follower, size_t done, bool *last)
{
	size_t ready;

	pthread_mutex_lock(&follower->lock);
	while (follower->ready == done && !follower->last)
		pthread_cond_wait(&follower->more, &follower->lock);
	ready = follower->ready;
	*last = follower->last;
	pthread_mutex_unlock(&follower->lock);
	return ready;
}

static void *follow(void *argument)
{
	struct checksum_follower *follower = argument;
	size_t done = 0;
	bool last = false;

	while (!last) {
		size_t ready = wait_for_more(follower, done, &last);

		sha256_add(&follower->sha256, follower->data + done, ready - done);
		done = ready;
	}
	return NULL;
}

int checksum_follower_start(
	struct checksum_follower *follower, const uint8_t *data, struct err *err)
{
	char unused[SHA256_HEX];
	int code;

	*follower = (struct checksum_follower){.data = data};
	if (sha256_start(&follower->sha256, err))
		return -1;
	pthread_mutex_init(&follower->lock, NULL);
	pthread_cond_init(&follower->more, NULL);
	code = pthread_create(&follower->thread, NULL, follow, follower);
	if (!code)
		return 0;
	pthread_cond_destroy(&follower->more);
	pthread_mutex_destroy(&follower->lock);
	sha256_finish(&follower->sha256, unused, NULL);
	return err_errno(err, code, "cannot start a thread");
}

static void tell(struct checksum_follower *follower, size_t ready, bool last)
{
	pthread_mutex_lock(&follower->lock);
	follower->ready = ready;
	follower->last = last;
	pthread_cond_signal(&follower->more);
	pthread_mutex_unlock(&follower->lock);
}

void checksum_follower_advance(struct checksum_follower *follower, size_t ready)
{
	tell(follower, ready, false);
}

int checksum_follower_finish(
	struct checksum_follower *follower, char hex[SHA256_HEX], struct err *err)
{
	tell(follower, follower->ready, true);
	pthread_join(follower->thread, NULL);
	pthread_cond_destroy(&follower->more);
	pthread_mutex_destroy(&follower->lock);
	return sha256_finish(&follower->sha256, hex, err);
}
