/*
 * server -- a small HTTP server on loopback that misbehaves as told, for tests of downloads.
 *
 * It runs in a thread of the test and answers one request after the other, head and body, then
 * closes the connection. What it does with a path is fixed by the list given at its start.
 */
#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum server_manner {
	SERVER_GOOD,      /* the body; Range is honoured */
	SERVER_NO_RANGE,  /* the body, all of it whatever is asked */
	SERVER_CUT,       /* as GOOD, but at most `cut` bytes, then the connection is closed */
	SERVER_NO_LENGTH, /* as CUT without saying how long it is: seems complete */
	SERVER_BAD_RANGE, /* 416 to a Range, else as GOOD */
	SERVER_STATUS,    /* `status`, with a web page as body */
	SERVER_REDIRECT,  /* 302 to `path` + 1 letter: "/x" leads to "/xx" */
	SERVER_SILENT     /* takes the request and never answers */
};

struct server_page {
	const char *path;
	enum server_manner manner;
	const uint8_t *body; /* borrowed */
	size_t size, cut;
	int status;

	/* what has been asked for so far */
	int requests;
	long long range; /* of the last request: where it began; -1: no Range */
};

struct server;

/* `pages` ends in a page without path; it must stay, and may be read after server_stop. Unknown
 * paths get 404. Fails the test when it cannot start. */
struct server *server_start(struct server_page *pages);
void server_stop(struct server *server);

/* "http://127.0.0.1:PORT" + path, in one of eight static buffers that take turns. */
const char *server_url(const struct server *server, const char *path);

/* The same of a port that refuses connections, and of one that takes them into its queue and never
 * looks at them. */
const char *server_closed_url(const char *path);
const char *server_silent_url(const char *path, int *socket_to_close);

#endif
