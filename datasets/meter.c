/* meter -- see meter.h. The bar is drawn ten times a second at most; it fits 79 columns. */
#include "datasets/meter.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "layers/core/clock.h"

enum { BAR = 20 };

static const double redraw_s = 0.1, megabyte = 1e6;

void meter_init(struct meter *meter, const char *label, int64_t size, bool quiet)
{
	*meter = (struct meter){
		.label = label, .size = size, .quiet = quiet, .terminal = isatty(STDERR_FILENO)};
}

void meter_start(struct meter *meter, const char *url, int64_t have)
{
	meter->from = have;
	meter->start_s = clock_seconds();
	meter->last_s = 0;
	if (meter->quiet || meter->terminal)
		return;
	fprintf(stderr, "downloading %s (%.1f MB%s)\n", url, (double)meter->size / megabyte,
		have ? ", the rest of a part" : "");
}

static void draw(struct meter *meter, int64_t have, double passed_s)
{
	const int full = (int)(have * BAR / meter->size);
	const double rate = passed_s > 0 ? (double)(have - meter->from) / passed_s : 0;
	char bar[BAR + 1];

	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)full);
	bar[BAR] = 0;
	fprintf(stderr, "\r%-26.26s [%s] %5.1f of %.1f MB %5.1f MB/s", meter->label, bar,
		(double)have / megabyte, (double)meter->size / megabyte, rate / megabyte);
	fflush(stderr);
	meter->shown = true;
}

void meter_show(struct meter *meter, int64_t have)
{
	const double now = clock_seconds();

	if (meter->quiet || !meter->terminal || have == meter->from ||
		now < meter->last_s + redraw_s)
		return;
	meter->last_s = now;
	draw(meter, have, now - meter->start_s);
}

void meter_end(struct meter *meter, int64_t have)
{
	const double passed_s = clock_seconds() - meter->start_s;

	if (meter->quiet)
		return;
	if (meter->terminal && have > meter->from)
		draw(meter, have, passed_s);
	if (meter->shown)
		fputc('\n', stderr);
	else if (!meter->terminal && have > meter->from)
		fprintf(stderr, "%s: %.1f of %.1f MB in %.1f s\n", meter->label,
			(double)have / megabyte, (double)meter->size / megabyte, passed_s);
	meter->shown = false;
}
