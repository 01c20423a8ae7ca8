/* Downloads: right, wrong, cut off, refused, silent; against a server on loopback. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "datasets/checksum.h"
#include "datasets/fetch.h"
#include "tests/support/files.h"
#include "tests/support/server.h"

enum { SIZE = 300000, CUT = 100000 };

static uint8_t body[SIZE], other[SIZE + 1000];
static char sum[SHA256_HEX];

/* Quick to give up, and silent. */
static const struct fetch_options quick = {.quiet = true, .connect_ms = 1000, .stall_s = 1};

/* A proxy of the machine must not come between, and no test may reach the network. */
static int group_setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		body[i] = (uint8_t)(i * i >> 7);
	memset(other, 'x', sizeof other);
	setenv("no_proxy", "127.0.0.1", 1);
	return checksum_data(sum, body, SIZE, NULL);
}

static double now_s(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static const char *target(void **state)
{
	return files_path(*state, "file.gz");
}

static const char *part(void **state)
{
	return files_path(*state, "file.gz.part");
}

/* Fetches from up to two addresses. */
static int fetch(void **state, const char *first, const char *second, struct err *err)
{
	const char *const urls[] = {first, second, NULL};
	const struct fetch_file file = {
		.urls = urls, .path = target(state), .label = "file", .size = SIZE, .sha256 = sum};

	*err = (struct err){0};
	return fetch_file(&file, &quick, err);
}

/* The file is there, right, and nothing else. */
static void expect_file(void **state)
{
	size_t n;
	uint8_t *bytes = files_read(target(state), &n);

	assert_int_equal(n, SIZE);
	assert_memory_equal(bytes, body, SIZE);
	free(bytes);
	assert_int_equal(access(part(state), F_OK), -1);
}

static void expect_note(const struct err *err, int i, const char *text)
{
	assert_true(err->set);
	assert_true(i < err->n_notes);
	if (!strstr(err->notes[i].text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err->notes[i].text);
}

static void expect_unreachable(void **state, const char *url, const char *text)
{
	struct err err;

	assert_int_equal(fetch(state, url, NULL, &err), FETCH_UNREACHABLE);
	assert_string_equal(err.text, "file cannot be downloaded");
	expect_note(&err, 0, text);
	expect_note(&err, 0, url);
	assert_int_equal(access(target(state), F_OK), -1);
}

static void test_right(void **state)
{
	struct server_page pages[] = {{"/good", SERVER_GOOD, .body = body, .size = SIZE},
		{.path = "/r", .manner = SERVER_REDIRECT},
		{"/rr", SERVER_GOOD, .body = body, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[0].range, -1);
	/* once more: nothing is asked for */
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	assert_int_equal(pages[0].requests, 1);
	unlink(target(state));
	assert_int_equal(fetch(state, server_url(server, "/r"), NULL, &err), 0);
	expect_file(state);
	server_stop(server);
}

static void test_wrong_sum(void **state)
{
	struct server_page pages[] = {{"/wrong", SERVER_GOOD, .body = other, .size = SIZE},
		{"/good", SERVER_GOOD, .body = body, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	expect_unreachable(state, server_url(server, "/wrong"), "its SHA-256 is");
	assert_int_equal(access(part(state), F_OK), -1);
	assert_int_equal(pages[0].requests, 1);
	assert_int_equal(
		fetch(state, server_url(server, "/wrong"), server_url(server, "/good"), &err), 0);
	expect_file(state);
	server_stop(server);
}

static void test_wrong_size(void **state)
{
	struct server_page pages[] = {{"/long", SERVER_GOOD, .body = other, .size = SIZE + 1000},
		{"/short", SERVER_GOOD, .body = other, .size = 1000},
		{"/endless", SERVER_NO_LENGTH, .body = other, .size = SIZE + 1000},
		{"/page", SERVER_NO_LENGTH, .body = other, .size = 1000}, {0}};
	struct server *server = server_start(pages);

	expect_unreachable(state, server_url(server, "/long"),
		"it has 301000 bytes, the published file 300000");
	expect_unreachable(state, server_url(server, "/short"), "it has 1000 bytes");
	expect_unreachable(state, server_url(server, "/endless"),
		"it has more than the 300000 bytes of the published file");
	expect_unreachable(state, server_url(server, "/page"), "it has 1000 bytes");
	server_stop(server);
}

static void test_status(void **state)
{
	struct server_page pages[] = {{"/no", SERVER_STATUS, .status = 503},
		{"/good", SERVER_GOOD, .body = body, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	expect_unreachable(
		state, server_url(server, "/none"), "/none: HTTP status 404 (not found)");
	expect_unreachable(state, server_url(server, "/no"), "HTTP status 503");
	assert_int_equal(
		fetch(state, server_url(server, "/none"), server_url(server, "/good"), &err), 0);
	expect_file(state);
	server_stop(server);
}

/* Cut off after each 100,000 bytes: three requests, each for the rest. */
static void test_cut_and_resumed(void **state)
{
	struct server_page pages[] = {
		{"/cut", SERVER_CUT, .body = body, .size = SIZE, .cut = CUT}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	assert_int_equal(fetch(state, server_url(server, "/cut"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[0].requests, 3);
	assert_int_equal(pages[0].range, 2 * CUT);
	server_stop(server);
}

/* Left from an earlier call: the other address is asked for the rest only. */
static void test_part_is_resumed(void **state)
{
	struct server_page pages[] = {{"/good", SERVER_GOOD, .body = body, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	files_write(part(state), body, 123456);
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[0].requests, 1);
	assert_int_equal(pages[0].range, 123456);

	/* all of it was there: only renamed */
	unlink(target(state));
	files_write(part(state), body, SIZE);
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[0].requests, 1);
	server_stop(server);
}

static void test_range_not_honoured(void **state)
{
	struct server_page pages[] = {{"/all", SERVER_NO_RANGE, .body = body, .size = SIZE},
		{"/416", SERVER_BAD_RANGE, .body = body, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	files_write(part(state), body, 123456);
	assert_int_equal(fetch(state, server_url(server, "/all"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[0].requests, 1);
	assert_int_equal(pages[0].range, 123456);

	unlink(target(state));
	files_write(part(state), body, 123456);
	assert_int_equal(fetch(state, server_url(server, "/416"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[1].requests, 2);
	server_stop(server);
}

/* A part that is not of this file spoils the sum; then all is asked for, once. */
static void test_stale_part(void **state)
{
	struct server_page pages[] = {{"/good", SERVER_GOOD, .body = body, .size = SIZE},
		{"/wrong", SERVER_GOOD, .body = other, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	files_write(part(state), other, 1000);
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[0].requests, 2);
	assert_int_equal(pages[0].range, -1);

	unlink(target(state));
	files_write(part(state), other, SIZE);
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	expect_file(state);

	unlink(target(state));
	files_write(part(state), other, SIZE + 5);
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	expect_file(state);

	unlink(target(state));
	files_write(part(state), other, 1000);
	expect_unreachable(state, server_url(server, "/wrong"), "its SHA-256 is");
	assert_int_equal(pages[1].requests, 2);
	server_stop(server);
}

static void test_refused(void **state)
{
	double start = now_s();

	expect_unreachable(state, server_closed_url("/x"), "/x: Failed to connect");
	assert_true(now_s() - start < 2);
}

static void test_silent(void **state)
{
	struct server_page pages[] = {{.path = "/silent", .manner = SERVER_SILENT}, {0}};
	struct server *server = server_start(pages);
	double start = now_s();
	int listening;

	expect_unreachable(state, server_url(server, "/silent"), "/silent: Operation too slow");
	assert_true(now_s() - start < 5);
	start = now_s();
	expect_unreachable(state, server_silent_url("/never", &listening), "too slow");
	assert_true(now_s() - start < 5);
	close(listening);
	server_stop(server);
}

/* Every address has its say in the error. */
static void test_all_faults(void **state)
{
	struct server_page pages[] = {{"/no", SERVER_STATUS, .status = 403}, {0}};
	struct server *server = server_start(pages);
	struct err err;

	assert_int_equal(fetch(state, server_closed_url("/a"), server_url(server, "/no"), &err),
		FETCH_UNREACHABLE);
	assert_int_equal(err.n_notes, 2);
	expect_note(&err, 0, "/a: Failed to connect");
	expect_note(&err, 1, "/no: HTTP status 403");
	assert_int_equal(fetch(state, "file:///etc/passwd", NULL, &err), FETCH_UNREACHABLE);
	expect_note(&err, 0, "not supported");
	server_stop(server);
}

/* As on a full disk: the write fails, no other address is tried, and what has come is kept. */
static void test_disk_full(void **state)
{
	struct server_page pages[] = {{"/good", SERVER_GOOD, .body = body, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct rlimit before, small;
	struct stat info;
	struct err err;
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 65536;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = fetch(state, server_url(server, "/good"), server_url(server, "/good"), &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -1);
	assert_non_null(strstr(err.text, "cannot write"));
	assert_non_null(strstr(err.text, "300000 bytes are needed"));
	assert_non_null(strstr(err.text, strerror(EFBIG)));
	assert_int_equal(pages[0].requests, 1);
	assert_int_equal(stat(part(state), &info), 0);
	assert_int_equal(info.st_size, 65536);
	/* with room again it goes on from there */
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	assert_int_equal(pages[0].range, 65536);
	expect_file(state);
	server_stop(server);
}

static void test_no_folder(void **state)
{
	const char *const urls[] = {"http://127.0.0.1:1/", NULL};
	struct fetch_file file = {.urls = urls, .label = "file", .size = SIZE, .sha256 = sum};
	struct err err = {0};

	file.path = files_path(*state, "none/file.gz");
	assert_int_equal(fetch_file(&file, &quick, &err), -1);
	assert_non_null(strstr(err.text, "cannot write"));
	assert_non_null(strstr(err.text, "No such file"));
}

static bool always(void)
{
	return true;
}

static void test_stopped(void **state)
{
	struct server_page pages[] = {{.path = "/silent", .manner = SERVER_SILENT}, {0}};
	struct server *server = server_start(pages);
	const char *const urls[] = {server_url(server, "/silent"), NULL};
	const struct fetch_file file = {
		.urls = urls, .path = target(state), .label = "file", .size = SIZE, .sha256 = sum};
	const struct fetch_options options = {.quiet = true, .stall_s = 30, .stop = always};
	struct err err = {0};

	assert_int_equal(fetch_file(&file, &options, &err), -1);
	assert_non_null(strstr(err.text, "was stopped"));
	server_stop(server);
}

/* Another process is at it: we wait, and then find the file done. */
static void test_two_at_once(void **state)
{
	struct server_page pages[] = {{"/good", SERVER_GOOD, .body = body, .size = SIZE}, {0}};
	struct server *server = server_start(pages);
	struct err err;
	char from[256], to[256];
	int fd = open(part(state), O_RDWR | O_CREAT, 0644);
	pid_t child;

	snprintf(from, sizeof from, "%s", part(state));
	snprintf(to, sizeof to, "%s", target(state));
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(write(fd, body, SIZE), SIZE);
	child = fork();
	if (!child) { /* the fork shares the lock; it ends when both have closed */
		usleep(300000);
		rename(from, to);
		_exit(0);
	}
	close(fd);
	assert_int_equal(fetch(state, server_url(server, "/good"), NULL, &err), 0);
	expect_file(state);
	assert_int_equal(pages[0].requests, 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	server_stop(server);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_right),
		TEST(test_wrong_sum),
		TEST(test_wrong_size),
		TEST(test_status),
		TEST(test_cut_and_resumed),
		TEST(test_part_is_resumed),
		TEST(test_range_not_honoured),
		TEST(test_stale_part),
		TEST(test_refused),
		TEST(test_silent),
		TEST(test_all_faults),
		TEST(test_disk_full),
		TEST(test_no_folder),
		TEST(test_stopped),
		TEST(test_two_at_once),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
