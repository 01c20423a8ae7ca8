/* unpack -- see unpack.h. Inflating goes straight into the caller's memory, about 260 MB/s; a plain
 * file is read there without a detour. The packed bytes pass through one buffer of 256 KiB. */
#include "datasets/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deflate packs at most 1032 bytes into one. WINDOW_BITS + 16 asks zlib for the gz format. */
enum { BUFFER_SIZE = 1 << 18, MOST_RATIO = 1032, WINDOW_BITS = 15, LARGEST_STEP = 1 << 30 };

/* Reads into `out` once, whatever comes. */
static ssize_t read_some(struct unpack *unpack, void *out, size_t n, struct err *err)
{
	ssize_t got;

	do
		got = read(unpack->fd, out, n < LARGEST_STEP ? n : LARGEST_STEP);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		err_errno(err, errno, "cannot read %s", unpack->path);
	return got;
}

/* Gets further bytes when none are left; at the end of the file there are still none. */
static int fill(struct unpack *unpack, struct err *err)
{
	ssize_t got;

	if (unpack->n_next || unpack->fd < 0)
		return 0;
	got = read_some(unpack, unpack->buffer, BUFFER_SIZE, err);
	if (got < 0)
		return -1;
	unpack->next = unpack->buffer;
	unpack->n_next = (size_t)got;
	return 0;
}

static int begin(struct unpack *unpack, struct err *err)
{
	if (fill(unpack, err))
		return -1;
	unpack->gz = unpack->n_next >= 2 && unpack->next[0] == 0x1f && unpack->next[1] == 0x8b;
	if (unpack->gz && inflateInit2(&unpack->z, WINDOW_BITS + 16) != Z_OK)
		return err_memory(err, 1 << WINDOW_BITS, "zlib");
	unpack->inside = unpack->gz;
	return 0;
}

static int open_regular(struct unpack *unpack, struct err *err)
{
	struct stat stat;

	unpack->fd = open(unpack->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (unpack->fd < 0)
		return err_errno(err, errno, "cannot open %s", unpack->path);
	if (fstat(unpack->fd, &stat))
		return err_errno(err, errno, "cannot read %s", unpack->path);
	if (!S_ISREG(stat.st_mode))
		return err_set(err, "%s is %s, not a file", unpack->path,
			S_ISDIR(stat.st_mode) ? "a folder" : "a device or pipe");
	unpack->size = (uint64_t)stat.st_size;
	return 0;
}

int unpack_open(struct unpack *unpack, const char *path, struct err *err)
{
	*unpack = (struct unpack){.path = path, .fd = -1};
	if (open_regular(unpack, err))
		goto fail;
	unpack->buffer = malloc(BUFFER_SIZE);
	if (!unpack->buffer) {
		err_memory(err, BUFFER_SIZE, "reading a file");
		goto fail;
	}
	if (begin(unpack, err))
		goto fail;
	return 0;
fail:
	unpack_close(unpack);
	return -1;
}

int unpack_memory(
	struct unpack *unpack, const char *path, const void *bytes, size_t size, struct err *err)
{
	*unpack = (struct unpack){
		.path = path, .fd = -1, .size = size, .next = bytes, .n_next = size};
	return begin(unpack, err);
}

void unpack_close(struct unpack *unpack)
{
	if (unpack->gz)
		inflateEnd(&unpack->z);
	if (unpack->fd >= 0)
		close(unpack->fd);
	free(unpack->buffer);
	*unpack = (struct unpack){.fd = -1};
}

static ssize_t read_plain(struct unpack *unpack, uint8_t *out, size_t n, struct err *err)
{
	size_t got = unpack->n_next < n ? unpack->n_next : n;

	if (got)
		memcpy(out, unpack->next, got);
	unpack->next += got;
	unpack->n_next -= got;
	while (got < n && unpack->fd >= 0) {
		ssize_t more = read_some(unpack, out + got, n - got, err);

		if (more < 0)
			return -1;
		if (!more)
			break;
		got += (size_t)more;
	}
	unpack->at += got;
	return (ssize_t)got;
}

/* One call of inflate: takes from `next`, gives to z.next_out. */
static int step(struct unpack *unpack, struct err *err)
{
	z_stream *z = &unpack->z;
	size_t offered = unpack->n_next < LARGEST_STEP ? unpack->n_next : LARGEST_STEP;
	int code;

	if (!unpack->inside && inflateReset(z) != Z_OK)
		return err_set(err, "zlib cannot begin anew");
	unpack->inside = true;
	z->next_in = (Bytef *)(uintptr_t)unpack->next; /* zlib only reads */
	z->avail_in = (uInt)offered;
	code = inflate(z, Z_NO_FLUSH);
	offered -= z->avail_in;
	unpack->next += offered;
	unpack->n_next -= offered;
	unpack->at += offered;
	if (code == Z_STREAM_END)
		unpack->inside = false;
	else if (code == Z_MEM_ERROR)
		return err_memory(err, 1 << WINDOW_BITS, "zlib");
	else if (code != Z_OK && code != Z_BUF_ERROR)
		return err_set(err, "%s: the gz data is corrupt before offset %llu (%s)",
			unpack->path, (unsigned long long)unpack->at,
			z->msg ? z->msg : "a dictionary is asked for");
	return 0;
}

static ssize_t read_gz(struct unpack *unpack, uint8_t *out, size_t n, struct err *err)
{
	z_stream *z = &unpack->z;
	size_t got = 0;

	while (got < n) {
		size_t room = n - got < LARGEST_STEP ? n - got : LARGEST_STEP;

		if (fill(unpack, err))
			return -1;
		if (!unpack->n_next && !unpack->inside)
			break;
		if (!unpack->n_next)
			return err_set(err, "%s: the gz data breaks off at offset %llu",
				unpack->path, (unsigned long long)unpack->at);
		z->next_out = out + got;
		z->avail_out = (uInt)room;
		if (step(unpack, err))
			return -1;
		got += room - z->avail_out;
	}
	return (ssize_t)got;
}

ssize_t unpack_read(struct unpack *unpack, void *out, size_t n, struct err *err)
{
	return unpack->gz ? read_gz(unpack, out, n, err) : read_plain(unpack, out, n, err);
}

uint64_t unpack_most(const struct unpack *unpack)
{
	if (!unpack->gz)
		return unpack->size;
	return unpack->size > UINT64_MAX / MOST_RATIO ? UINT64_MAX : unpack->size * MOST_RATIO;
}

const char *unpack_where(const struct unpack *unpack)
{
	return unpack->gz ? " of the unpacked data" : "";
}
