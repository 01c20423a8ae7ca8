/*
 * meter -- how far a download has come, on stderr: a bar on a terminal, elsewhere a line when it
 * begins and one when it ends.
 */
#ifndef DATASETS_METER_H
#define DATASETS_METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
	const char *label; /* borrowed */
	int64_t size;      /* bytes in all */
	bool quiet, terminal;
	bool shown;     /* a bar stands on the line of the cursor */
	int64_t from;   /* bytes that were there at the start */
	double start_s; /* of this attempt */
	double last_s;  /* when the bar was drawn */
};

void meter_init(struct meter *meter, const char *label, int64_t size, bool quiet);

/* An attempt at `url` begins, with `have` bytes there; shows how many there are; ends. */
void meter_start(struct meter *meter, const char *url, int64_t have);
void meter_show(struct meter *meter, int64_t have);
void meter_end(struct meter *meter, int64_t have);

#endif
