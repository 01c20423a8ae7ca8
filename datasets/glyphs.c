/* glyphs -- see glyphs.h.
 *
 * A way of writing a digit is a list of points in a box of 100 x 100, y downwards. Strokes are
 * quadratic B-splines of these points: the curve begins at the first and ends at the last and
 * passes half way between the others, which pull it; a point given twice is a corner.
 * All randomness comes from Philox by split and number of the image (layers/core/rng.h).
 *
 * The constants in draw_warp and draw_image set how hard it is; glyphs_sums change with any of
 * them. */
#include "datasets/glyphs.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "datasets/parallel.h"
#include "layers/core/rng.h"

enum {
	SIDE = GLYPHS_SIDE,
	PIXELS = SIDE * SIDE,
	UP = -100, /* lifts the pen: the next point begins a stroke */
	MOST_POINTS = 24,
	BEND_STEPS = 4, /* straight pieces of one curve */
	PIECE = 250     /* images that a thread takes at once */
};

const char *const glyphs_sums[CATALOGUE_FILES] = {
	[TRAIN_IMAGES] = "646b015260e213e4cbb92b1b27049369e7d1465af724da327636dda0869b2527",
	[TRAIN_LABELS] = "c7872b805a38f376710238810ffd56e035cd98d305b77417a7ed14c5fda39fed",
	[TEST_IMAGES] = "06fd8c9200f8cf347c90144cf015e08cc1554e2322046f3e495a1874d1efe9b8",
	[TEST_LABELS] = "e7e6e08bc680ef30f9d86fe2409444cb46d3546f7b3f392e54a034df7ee059d7",
};

struct point {
	float x, y;
};

/* n coordinates, two a point; {UP, UP} between strokes. */
struct way {
	int n;
	int8_t at[2 * MOST_POINTS];
};

/* clang-format off */
#define WAY(...) {sizeof((int8_t[]){__VA_ARGS__}), {__VA_ARGS__}}
/* clang-format on */

enum { MOST_WAYS = 3 };

/* A stroke a line, a blank between two points. */
/* clang-format off */
static const struct digit {
	int n_ways;
	struct way ways[MOST_WAYS];
} digits[GLYPHS_CLASSES] = {
	{3, {
		WAY(50,0, 30,0, 18,28, 18,72, 30,100, 50,100, 70,100, 82,72, 82,28, 70,0, 50,0),
		WAY(62,0, 44,0, 26,26, 16,70, 24,100, 42,102, 60,100, 76,72, 86,26, 78,0, 62,0),
		WAY(60,10, 40,-4, 16,20, 14,60, 30,102, 62,102, 86,70, 84,26, 66,0, 48,8),
	}},
	{3, {
		WAY(50,0, 50,50, 50,100),
		WAY(30,24, 54,2, 54,2, 52,100),
		WAY(32,20, 52,2, 52,2, 52,98,
			UP,UP, 30,98, 74,98),
	}},
	{3, {
		WAY(20,24, 24,0, 55,-4, 84,6, 82,40, 50,68, 18,98, 18,98, 84,98),
		WAY(22,20, 40,-6, 84,0, 80,42, 40,84, 12,98, 22,76, 42,86, 62,100, 88,90),
		WAY(20,14, 50,-2, 78,12, 70,36, 20,98, 20,98, 80,96),
	}},
	{2, {
		WAY(20,12, 44,-8, 86,2, 80,46, 42,48, 42,48, 94,50, 88,100, 44,108, 16,88),
		WAY(22,2, 78,2, 78,2, 46,42, 46,42, 92,44, 86,98, 40,110, 16,86),
	}},
	{3, {
		WAY(28,2, 20,58, 20,58, 84,58,
			UP,UP, 66,20, 64,100),
		WAY(64,100, 64,0, 64,0, 16,66, 16,66, 86,66),
		WAY(24,4, 20,48, 42,58, 76,46,
			UP,UP, 78,2, 74,60, 66,100),
	}},
	{2, {
		WAY(78,2, 28,2, 28,2, 24,46, 24,46, 50,28, 90,44, 86,96, 46,108, 16,90),
		WAY(78,6, 40,-4, 18,22, 40,46, 76,52, 88,86, 50,110, 18,90),
	}},
	{2, {
		WAY(70,2, 34,16, 12,64, 26,104, 66,106, 88,76, 66,48, 34,54, 22,76),
		WAY(62,0, 22,50, 14,88, 44,108, 82,94, 78,56, 46,48, 22,72),
	}},
	{3, {
		WAY(18,4, 82,4, 82,4, 44,100),
		WAY(18,4, 82,4, 82,4, 48,100,
			UP,UP, 36,52, 78,52),
		WAY(18,16, 22,2, 84,4, 84,4, 56,46, 46,100),
	}},
	{2, {
		WAY(76,14, 52,-8, 16,6, 24,40, 56,50, 90,72, 72,106, 28,106, 10,74, 44,50, 78,36,
			82,12, 56,-4),
		WAY(50,0, 32,0, 20,16, 24,36, 42,46, 58,46, 76,36, 80,16, 68,0, 50,0,
			UP,UP, 50,46, 30,46, 16,66, 20,90, 40,101, 60,101, 80,90, 84,66, 70,46, 50,46),
	}},
	{2, {
		WAY(80,20, 60,-6, 18,4, 16,42, 44,58, 76,42, 80,14, 80,14, 76,60, 70,100),
		WAY(80,24, 56,-8, 16,6, 20,50, 58,54, 82,24, 82,24, 86,72, 60,108, 24,94),
	}},
};
/* clang-format on */

/* Random numbers of one image, one after the other. No expression may draw twice: C leaves the
 * order of its parts to the compiler, and gcc and clang differ. */
struct draws {
	struct rng rng;
	uint32_t block;
	uint32_t words[4];
	int left;
};

static uint32_t draw_word(struct draws *draws)
{
	if (!draws->left) {
		rng_block(&draws->rng, draws->block++, draws->words);
		draws->left = 4;
	}
	return draws->words[--draws->left];
}

static int draw_below(struct draws *draws, int n)
{
	return (int)(((uint64_t)draw_word(draws) * (uint64_t)n) >> 32);
}

static float draw_between(struct draws *draws, float low, float high)
{
	return low + (high - low) * ((float)(draw_word(draws) >> 8) * 0x1p-24f);
}

/* In (-size, size), small values more often: the sum of two uniform draws. */
static float draw_around(struct draws *draws, float size)
{
	const float a = draw_between(draws, -0.5f, 0.5f);
	const float b = draw_between(draws, -0.5f, 0.5f);

	return (a + b) * size;
}

/* How the points of the box come onto the image. */
struct warp {
	float xx, xy, yx, yy; /* turn, shear and scale */
	float x, y;           /* of the centre, in pixels */
	float bend_x, bend_y; /* the box bulges */
};

/* A turn by the angle whose half has tangent t needs neither sine nor cosine. */
static struct warp draw_warp(struct draws *draws)
{
	const float t = draw_around(draws, 0.18f);
	const float c = (1 - t * t) / (1 + t * t), s = 2 * t / (1 + t * t);
	const float shear = draw_around(draws, 0.4f);
	const float w = draw_between(draws, 0.16f, 0.23f);
	const float h = draw_between(draws, 0.18f, 0.23f);
	struct warp warp = {
		.xx = c * w, .xy = (c * shear - s) * h, .yx = s * w, .yy = (s * shear + c) * h};

	warp.x = 13.5f + draw_around(draws, 3.5f);
	warp.y = 13.5f + draw_around(draws, 3.5f);
	warp.bend_x = draw_around(draws, 0.006f);
	warp.bend_y = draw_around(draws, 0.006f);
	return warp;
}

static struct point warp_point(const struct warp *warp, float x, float y)
{
	float u = x - 50, v = y - 50, bent_u, bent_v;

	bent_u = u + warp->bend_x * v * v - warp->bend_x * 800;
	bent_v = v + warp->bend_y * u * u - warp->bend_y * 400;
	return (struct point){warp->x + warp->xx * bent_u + warp->xy * bent_v,
		warp->y + warp->yx * bent_u + warp->yy * bent_v};
}

/* What has been drawn so far: the square of each pixel's distance to the nearest stroke, but never
 * more than FAR. */
struct canvas {
	float distance[PIXELS];
};

#define FAR 9.0f

static void canvas_clear(struct canvas *canvas)
{
	for (int i = 0; i < PIXELS; i++)
		canvas->distance[i] = FAR;
}

static int clip(float v)
{
	return v < 0 ? 0 : v > SIDE - 1 ? SIDE - 1 : (int)v;
}

static void canvas_line(struct canvas *canvas, struct point a, struct point b)
{
	const float reach = 3; /* the root of FAR */
	const float dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
	const float scale = length > 0 ? 1 / length : 0;
	const int x0 = clip((dx < 0 ? b.x : a.x) - reach), x1 = clip((dx < 0 ? a.x : b.x) + reach);
	const int y0 = clip((dy < 0 ? b.y : a.y) - reach), y1 = clip((dy < 0 ? a.y : b.y) + reach);

	for (int y = y0; y <= y1; y++)
		for (int x = x0; x <= x1; x++) {
			const float px = (float)x - a.x, py = (float)y - a.y;
			float t = (px * dx + py * dy) * scale, ex, ey, d;

			t = t < 0 ? 0 : t > 1 ? 1 : t;
			ex = px - t * dx;
			ey = py - t * dy;
			d = ex * ex + ey * ey;
			if (d < canvas->distance[y * SIDE + x])
				canvas->distance[y * SIDE + x] = d;
		}
}

/* The parabola from a to b that c pulls. */
static void canvas_bend(struct canvas *canvas, struct point a, struct point c, struct point b)
{
	struct point from = a;

	for (int i = 1; i <= BEND_STEPS; i++) {
		const float t = (float)i / BEND_STEPS, s = 1 - t;
		const struct point to = {s * s * a.x + 2 * s * t * c.x + t * t * b.x,
			s * s * a.y + 2 * s * t * c.y + t * t * b.y};

		canvas_line(canvas, from, to);
		from = to;
	}
}

static void canvas_stroke(struct canvas *canvas, const struct point *at, int n)
{
	struct point from = at[0];

	if (n == 2)
		canvas_line(canvas, at[0], at[1]);
	for (int i = 1; i < n - 1; i++) {
		struct point to = {(at[i].x + at[i + 1].x) / 2, (at[i].y + at[i + 1].y) / 2};

		if (i == n - 2)
			to = at[n - 1];
		canvas_bend(canvas, from, at[i], to);
		from = to;
	}
}

/* A corner is two equal points: they move together, so the second takes the first's wobble. */
static void canvas_way(struct canvas *canvas, const struct way *way, const struct warp *warp,
	float wobble, struct draws *draws)
{
	struct point stroke[MOST_POINTS];
	int n = 0;

	for (int i = 0; i < way->n; i += 2) {
		const int8_t *at = way->at + i;

		if (at[0] == UP) {
			canvas_stroke(canvas, stroke, n);
			n = 0;
			continue;
		}
		if (n && at[0] == at[-2] && at[1] == at[-1]) {
			stroke[n] = stroke[n - 1];
		} else {
			const float x = at[0] + draw_around(draws, wobble);
			const float y = at[1] + draw_around(draws, wobble);

			stroke[n] = warp_point(warp, x, y);
		}
		n++;
	}
	canvas_stroke(canvas, stroke, n);
}

/* Ink of a pen of this radius (0 to 1 a pixel) is laid over the image, or taken off it. */
static void ink(float image[PIXELS], const struct canvas *canvas, float radius, float darkness)
{
	for (int i = 0; i < PIXELS; i++) {
		float cover = radius + 0.5f - sqrtf(canvas->distance[i]);

		cover = cover < 0 ? 0 : cover > 1 ? 1 : cover;
		image[i] += (darkness - image[i]) * cover;
	}
}

/* A bent line anywhere on the image: of ink it is a smudge, of paper a scratch. */
static void stray(float image[PIXELS], float length, float darkness, struct draws *draws)
{
	struct canvas canvas;
	struct point at[3];

	at[1].x = draw_between(draws, 1, 27);
	at[1].y = draw_between(draws, 1, 27);
	for (int i = 0; i < 3; i += 2) {
		at[i].x = at[1].x + draw_between(draws, -length, length);
		at[i].y = at[1].y + draw_between(draws, -length, length);
	}
	canvas_clear(&canvas);
	canvas_stroke(&canvas, at, 3);
	ink(image, &canvas, draw_between(draws, 0.3f, 1.0f), darkness);
}

/* Noise of a triangular distribution, of two bytes of random bits a pixel. */
static void develop(uint8_t *pixels, const float image[PIXELS], float noise, struct draws *draws)
{
	for (int i = 0; i < PIXELS; i += 2) {
		const uint32_t word = draw_word(draws);

		for (int j = 0; j < 2; j++) {
			const uint32_t half = word >> (16 * j);
			const int sum = (int)(half & 255) + (int)(half >> 8 & 255) - 255;
			const float v = image[i + j] * 255 + noise * (float)sum + 0.5f;

			pixels[i + j] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
}

static int draw_image(uint8_t *pixels, enum glyphs_split split, int number)
{
	struct draws draws = {
		.rng = {.purpose = RNG_GLYPHS, .epoch = split, .position = (uint32_t)number}};
	const int label = draw_below(&draws, GLYPHS_CLASSES);
	const struct digit *digit = &digits[label];
	const struct way *way = &digit->ways[draw_below(&draws, digit->n_ways)];
	const struct warp warp = draw_warp(&draws);
	const float darkness = draw_between(&draws, 0.8f, 1);
	float image[PIXELS] = {0};
	struct canvas canvas;

	canvas_clear(&canvas);
	canvas_way(&canvas, way, &warp, 13, &draws);
	ink(image, &canvas, draw_between(&draws, 1.0f, 2.2f), darkness);
	for (int n = draw_below(&draws, 4); n > 0; n--)
		stray(image, 5, darkness, &draws);
	for (int n = draw_below(&draws, 3); n > 0; n--)
		stray(image, 7, 0, &draws);
	develop(pixels, image, draw_between(&draws, 0.05f, 0.2f), &draws);
	return label;
}

struct drawing {
	uint8_t *pixels, *labels;
	enum glyphs_split split;
	int n;
	bool (*stop)(void);
	atomic_bool stopped;
};

static void draw_piece(void *context, int piece)
{
	struct drawing *d = context;
	const int begin = piece * PIECE, end = begin + PIECE < d->n ? begin + PIECE : d->n;

	if (d->stop && d->stop())
		d->stopped = true;
	for (int i = begin; i < end && !d->stopped; i++)
		d->labels[i] = (uint8_t)draw_image(d->pixels + (long)i * PIXELS, d->split, i);
}

int glyphs_draw(uint8_t *pixels, uint8_t *labels, enum glyphs_split split, int n, int threads,
	bool (*stop)(void))
{
	struct drawing drawing = {
		.pixels = pixels, .labels = labels, .split = split, .n = n, .stop = stop};

	parallel_for((n + PIECE - 1) / PIECE, threads, draw_piece, &drawing);
	return drawing.stopped ? -1 : 0;
}
