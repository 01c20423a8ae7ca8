/* server -- see server.h. */
#include "tests/support/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { REQUEST_SIZE = 4096, URL_SIZE = 128, URLS = 8 };

struct server {
	struct server_page *pages; /* borrowed */
	int socket, port;
	int stop[2]; /* a pipe: closed at one end, the thread ends */
	pthread_t thread;
};

static int listen_on_loopback(int *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void send_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		at += sent;
		n -= (size_t)sent;
	}
}

/* True when the whole head of a request has come; its end is marked with a 0. */
static bool read_request(int fd, char request[REQUEST_SIZE])
{
	size_t n = 0;

	while (n + 1 < REQUEST_SIZE) {
		ssize_t got = recv(fd, request + n, REQUEST_SIZE - 1 - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		request[n] = 0;
		if (strstr(request, "\r\n\r\n"))
			return true;
	}
	return false;
}

static struct server_page *find_page(struct server *server, const char *request)
{
	char path[URL_SIZE];

	if (sscanf(request, "GET %127s HTTP/", path) != 1)
		return NULL;
	for (struct server_page *page = server->pages; page->path; page++)
		if (!strcmp(page->path, path))
			return page;
	return NULL;
}

static void send_status(int fd, int status, const char *extra)
{
	static const char page[] = "<html>no</html>";
	char head[256];
	int n = snprintf(head, sizeof head,
		"HTTP/1.1 %d no\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n%s", status,
		sizeof page - 1, extra, page);

	send_all(fd, head, (size_t)n);
}

static void send_body(int fd, const struct server_page *page)
{
	const bool partial = page->range >= 0 && page->manner != SERVER_NO_RANGE &&
			     page->manner != SERVER_NO_LENGTH;
	const size_t from = partial ? (size_t)page->range : 0;
	size_t n = page->size - from;
	char head[256];
	int used = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nConnection: close\r\n",
		partial ? "206 Partial Content" : "200 OK");

	if (page->manner != SERVER_NO_LENGTH)
		used += snprintf(
			head + used, sizeof head - (size_t)used, "Content-Length: %zu\r\n", n);
	if (partial)
		used += snprintf(head + used, sizeof head - (size_t)used,
			"Content-Range: bytes %zu-%zu/%zu\r\n", from, page->size - 1, page->size);
	send_all(fd, head, (size_t)used);
	send_all(fd, "\r\n", 2);
	if (page->cut && n > page->cut)
		n = page->cut;
	send_all(fd, page->body + from, n);
}

/* Until the client hangs up or the test ends. */
static void stay_silent(const struct server *server, int fd)
{
	struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = server->stop[0]}};

	poll(wait, 2, -1);
}

static void answer(struct server *server, int fd, const char *request)
{
	struct server_page *page = find_page(server, request);
	const char *range = strstr(request, "\r\nRange: bytes=");
	char redirect[URL_SIZE];

	if (!page) {
		send_status(fd, 404, "");
		return;
	}
	page->requests++;
	page->range = range ? atoll(range + strlen("\r\nRange: bytes=")) : -1;
	switch (page->manner) {
	case SERVER_STATUS:
		send_status(fd, page->status, "");
		break;
	case SERVER_REDIRECT:
		snprintf(redirect, sizeof redirect, "Location: %s%c\r\n", page->path,
			page->path[strlen(page->path) - 1]);
		send_status(fd, 302, redirect);
		break;
	case SERVER_SILENT:
		stay_silent(server, fd);
		break;
	case SERVER_BAD_RANGE:
		if (page->range >= 0) {
			send_status(fd, 416, "");
			break;
		}
		send_body(fd, page);
		break;
	default:
		send_body(fd, page);
	}
}

static void *serve(void *argument)
{
	struct server *server = argument;
	struct pollfd wait[2] = {{.fd = server->socket, .events = POLLIN}, {.fd = server->stop[0]}};
	char request[REQUEST_SIZE];

	while (poll(wait, 2, -1) > 0 && !wait[1].revents) {
		int fd = accept(server->socket, NULL, NULL);

		if (fd < 0)
			continue;
		if (read_request(fd, request))
			answer(server, fd, request);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

struct server *server_start(struct server_page *pages)
{
	struct server *server = calloc(1, sizeof *server);

	assert_non_null(server);
	server->pages = pages;
	server->socket = listen_on_loopback(&server->port);
	assert_int_equal(pipe(server->stop), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	return server;
}

void server_stop(struct server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->socket);
	free(server);
}

static const char *url(int port, const char *path)
{
	static char urls[URLS][URL_SIZE];
	static int next;
	char *out = urls[next++ % URLS];

	snprintf(out, URL_SIZE, "http://127.0.0.1:%d%s", port, path);
	return out;
}

const char *server_url(const struct server *server, const char *path)
{
	return url(server->port, path);
}

const char *server_closed_url(const char *path)
{
	int port;

	close(listen_on_loopback(&port));
	return url(port, path);
}

const char *server_silent_url(const char *path, int *socket_to_close)
{
	int port;

	*socket_to_close = listen_on_loopback(&port);
	return url(port, path);
}
