/* fetch -- see fetch.h. libcurl does HTTP, TLS and redirects; here are the part file, the checks
 * and the choice among addresses. */
#include "datasets/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datasets/checksum.h"
#include "datasets/meter.h"

enum { CONNECT_MS = 4000, STALL_S = 6, MOST_REDIRECTS = 5, PATH_SIZE = 4096, REASON = 256 };

enum { HTTP_OK = 200, HTTP_PARTIAL = 206, HTTP_BAD_RANGE = 416 };

/* How an attempt ended. */
enum outcome {
	DONE,
	NEXT, /* another address may do better; `reason` says why this one did not */
	FATAL /* nothing will help; err says why */
};

/* One file on its way. */
struct transfer {
	const struct fetch_file *file;
	const struct fetch_options *options;
	char part[PATH_SIZE];
	int fd;        /* of the part file, locked */
	int64_t have;  /* bytes in it */
	int64_t asked; /* of these, bytes that were there when the request began */
	CURL *curl;
	bool begun;          /* the body of the answer has begun */
	bool stale;          /* what was there before did not fit what came: it is dropped */
	int write_error;     /* errno of a write that failed */
	char reason[REASON]; /* why this address failed */
	struct meter meter;
	struct err *err;
};

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Empties the part file. */
static int start_over(struct transfer *t)
{
	t->have = 0;
	t->asked = 0;
	return ftruncate(t->fd, 0);
}

/* The first bytes of the body have come: the status says whether they continue what we have. */
static bool begin_body(struct transfer *t)
{
	const long long size = t->file->size;
	curl_off_t length = -1;
	long status = 0;

	t->begun = true;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (status != HTTP_PARTIAL && start_over(t)) {
		t->write_error = errno;
		return false;
	}
	if (length < 0 || t->have + length == size)
		return true;
	snprintf(t->reason, sizeof t->reason, "it has %lld bytes, the published file %lld",
		(long long)(t->have + length), size);
	return false;
}

static bool write_all(struct transfer *t, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = pwrite(t->fd, bytes, n, t->have);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			t->write_error = written ? errno : ENOSPC;
			return false;
		}
		bytes += written;
		n -= (size_t)written;
		t->have += written;
	}
	return true;
}

/* libcurl's write callback; another answer than n ends the transfer. */
static size_t on_bytes(char *bytes, size_t size, size_t n, void *context)
{
	struct transfer *t = context;

	n *= size;
	if (!t->begun && !begin_body(t))
		return CURL_WRITEFUNC_ERROR;
	if ((int64_t)n > t->file->size - t->have) {
		snprintf(t->reason, sizeof t->reason,
			"it has more than the %lld bytes of the published file",
			(long long)t->file->size);
		return CURL_WRITEFUNC_ERROR;
	}
	return write_all(t, bytes, n) ? n : CURL_WRITEFUNC_ERROR;
}

/* libcurl's progress callback; not 0 ends the transfer. */
static int on_progress(
	void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct transfer *t = context;

	(void)total, (void)now, (void)up_total, (void)up_now;
	meter_show(&t->meter, t->have);
	return t->options->stop && t->options->stop();
}

static void set_options(struct transfer *t, const char *url, char *fault)
{
	const struct fetch_options *o = t->options;
	CURL *curl = t->curl;
	char range[32];

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "runner/" RUNNER_VERSION);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fault);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(o->connect_ms ? o->connect_ms : CONNECT_MS));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)(o->stall_s ? o->stall_s : STALL_S));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	if (t->have > 0) {
		snprintf(range, sizeof range, "%lld-", (long long)t->have);
		curl_easy_setopt(curl, CURLOPT_RANGE, range);
	}
}

/* What libcurl's answer means for us. `reason` may be filled already, by a callback. */
static enum outcome judge(struct transfer *t, CURLcode code, const char *fault)
{
	long status = 0;

	if (t->write_error) {
		err_errno(t->err, t->write_error,
			"cannot write %s (%lld bytes are needed; what has come is kept)", t->part,
			(long long)t->file->size);
		return FATAL;
	}
	if (code == CURLE_OK)
		return DONE;
	if (code == CURLE_ABORTED_BY_CALLBACK) {
		err_set(t->err, "the download of %s was stopped (it goes on from here next time)",
			t->file->label);
		return FATAL;
	}
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->reason[0])
		return NEXT;
	if (code == CURLE_HTTP_RETURNED_ERROR)
		snprintf(t->reason, sizeof t->reason, "HTTP status %ld%s", status,
			status == 404 ? " (not found)" : "");
	else
		snprintf(t->reason, sizeof t->reason, "%s",
			fault[0] ? fault : curl_easy_strerror(code));
	if (status == HTTP_BAD_RANGE && t->asked > 0)
		t->stale = start_over(t) == 0;
	return NEXT;
}

static enum outcome download(struct transfer *t, const char *url)
{
	char fault[CURL_ERROR_SIZE] = "";
	CURLcode code;

	t->asked = t->have;
	t->begun = false;
	t->stale = false;
	t->reason[0] = 0;
	set_options(t, url, fault);
	meter_start(&t->meter, url, t->have);
	code = curl_easy_perform(t->curl);
	meter_end(&t->meter, t->have);
	return judge(t, code, fault);
}

/* Is the part file the file? If not it is dropped. */
static enum outcome check(struct transfer *t)
{
	char sum[SHA256_HEX];

	if (t->have == t->file->size) {
		if (checksum_file(sum, t->part, t->err))
			return FATAL;
		if (!strcmp(sum, t->file->sha256))
			return DONE;
		snprintf(t->reason, sizeof t->reason,
			"its SHA-256 is %.12s..., that of the published file %.12s...", sum,
			t->file->sha256);
	} else {
		snprintf(t->reason, sizeof t->reason, "it has %lld bytes, the published file %lld",
			(long long)t->have, (long long)t->file->size);
	}
	t->stale = t->asked > 0;
	if (start_over(t)) {
		err_errno(t->err, errno, "cannot write %s", t->part);
		return FATAL;
	}
	return NEXT;
}

/* One address. When the old part turns out to be of no use, once more from the start. */
static enum outcome try_url(struct transfer *t, const char *url)
{
	enum outcome outcome;

	do {
		outcome = download(t, url);
		if (outcome == DONE)
			outcome = check(t);
	} while (outcome == NEXT && t->stale);
	return outcome;
}

/* All addresses, and again as long as that brings more of the file than before. `faults` says, for
 * each address, what was wrong with it in the last round. */
static enum outcome try_urls(struct transfer *t, struct err *faults)
{
	int64_t best;

	do {
		best = t->have;
		*faults = (struct err){0};
		err_set(faults, "%s cannot be downloaded", t->file->label);
		for (int i = 0; t->file->urls[i]; i++) {
			enum outcome outcome = try_url(t, t->file->urls[i]);

			if (outcome != NEXT)
				return outcome;
			err_note(faults, (struct place){0}, "%s: %s", t->file->urls[i], t->reason);
		}
	} while (t->have > best);
	return NEXT;
}

static bool exists(const char *path)
{
	return access(path, R_OK) == 0;
}

/* Opens and locks the part file. Another process may have finished and renamed it while we waited
 * for its lock: then the lock is on a file of another name, and we look again. 1: the target is
 * there. */
static int open_part(struct transfer *t, struct err *err)
{
	struct stat mine, named;

	for (;;) {
		t->fd = open(t->part, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (t->fd < 0)
			return err_errno(err, errno, "cannot write %s", t->part);
		flock(t->fd, LOCK_EX); /* some file systems have no locks: then without */
		if (fstat(t->fd, &mine))
			return err_errno(err, errno, "cannot read %s", t->part);
		if (!stat(t->part, &named) && mine.st_ino == named.st_ino &&
			mine.st_dev == named.st_dev)
			break;
		close(t->fd);
		t->fd = -1;
		if (exists(t->file->path))
			return 1;
	}
	t->have = mine.st_size <= t->file->size ? mine.st_size : 0;
	return 0;
}

/* Fetches into the part file, which is open. */
static enum outcome fetch_part(struct transfer *t, struct err *faults)
{
	enum outcome outcome;

	if (t->have == t->file->size) {
		outcome = check(t);
		if (outcome != NEXT)
			return outcome;
	}
	t->curl = curl_easy_init();
	if (!t->curl) {
		err_set(t->err, "libcurl cannot start");
		return FATAL;
	}
	meter_init(&t->meter, t->file->label, t->file->size, t->options->quiet);
	outcome = try_urls(t, faults);
	curl_easy_cleanup(t->curl);
	return outcome;
}

static int finish(struct transfer *t, enum outcome outcome, const struct err *faults)
{
	if (outcome == FATAL)
		return -1;
	if (outcome == NEXT) {
		if (!t->have)
			unlink(t->part);
		if (t->err && !t->err->set)
			*t->err = *faults;
		return FETCH_UNREACHABLE;
	}
	if (fsync(t->fd) || rename(t->part, t->file->path))
		return err_errno(t->err, errno, "cannot write %s", t->file->path);
	return 0;
}

int fetch_file(const struct fetch_file *file, const struct fetch_options *options, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct transfer t = {.file = file, .options = options, .fd = -1, .err = err};
	struct err faults = {0};
	int rc;

	pthread_once(&once, global_init);
	if (exists(file->path))
		return 0;
	if ((size_t)snprintf(t.part, sizeof t.part, "%s.part", file->path) >= sizeof t.part)
		return err_set(err, "the path %.80s... is too long", file->path);
	rc = open_part(&t, err);
	if (!rc)
		rc = finish(&t, fetch_part(&t, &faults), &faults);
	if (t.fd >= 0)
		close(t.fd);
	return rc == 1 ? 0 : rc;
}
