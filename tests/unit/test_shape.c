/* shape and axis: window arithmetic against windows moved by hand, one element at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "layers/core/axis.h"
#include "layers/core/shape.h"
#include "tests/ref/ref.h"

/* Calls `check` for a grid of windows. */
static void each_window(void (*check)(struct ref_axis axis, int n))
{
	for (int n = 1; n <= 9; n++)
		for (int k = 1; k <= 4; k++)
			for (int stride = 1; stride <= 4; stride++)
				for (int dilation = 1; dilation <= 3; dilation++)
					for (int pad = 0; pad < 9; pad++)
						check((struct ref_axis){k, stride, dilation, false,
							      pad % 3, pad / 3, false},
							n);
}

static void check_length(struct ref_axis axis, int n)
{
	for (int ceil_mode = 0; ceil_mode < 2; ceil_mode++) {
		int got = shape_window(
			n, axis.k, axis.stride, axis.before, axis.after, axis.dilation, ceil_mode);
		int want;

		axis.ceil_mode = ceil_mode;
		want = ref_fit(&axis, n);
		/* padding beyond half a window: torch's rule takes one window away, not more */
		if (ceil_mode && (axis.before > axis.k / 2 || axis.after > axis.k / 2))
			continue;
		if (got != want && (got > 0 || want > 0))
			fail_msg("n %d k %d stride %d dilation %d padding %d %d ceil %d: %d, "
				 "should be %d",
				n, axis.k, axis.stride, axis.dilation, axis.before, axis.after,
				ceil_mode, got, want);
	}
}

static void check_same(struct ref_axis axis, int n)
{
	int before, after;

	shape_pad_same(n, axis.k, axis.stride, axis.dilation, &before, &after);
	assert_true(before >= 0 && after - before >= 0 && after - before <= 1);
	assert_int_equal(shape_window(n, axis.k, axis.stride, before, after, axis.dilation, false),
		(n + axis.stride - 1) / axis.stride);
}

/* Both directions of an axis list exactly the pairs of output and input that a tap joins. */
static void check_axis(struct ref_axis a, int n)
{
	enum { MOST = 32 };
	struct window window = {n, shape_window(n, a.k, a.stride, a.before, a.after, a.dilation, 0),
		a.k, a.stride, a.before, a.dilation};
	int pairs[2][MOST][MOST] = {{{0}}}, elements[2] = {0};
	struct arena arena = {0};
	struct axis axes[2];
	struct err err = {0};

	if (window.out < 1)
		return;
	assert_int_equal(axis_forward(&axes[0], &window, &arena, &err), 0);
	assert_int_equal(axis_backward(&axes[1], &window, &arena, &err), 0);
	for (int back = 0; back < 2; back++)
		for (int c = 0; c < axes[back].n; c++) {
			const struct axis_class *class = &axes[back].classes[c];

			elements[back] += class->n;
			for (int e = 0; e < class->n; e++)
				for (int t = 0; t < class->n_taps; t++) {
					int source = class->from[e] + class->step[t];
					int out = back ? source : class->at[e];
					int in = back ? class->at[e] : source;

					assert_in_range(out, 0, window.out - 1);
					assert_in_range(in, 0, n - 1);
					assert_int_equal(in, out * a.stride - a.before +
								     class->tap[t] * a.dilation);
					pairs[back][out][in]++;
				}
		}
	assert_int_equal(elements[0], window.out);
	assert_int_equal(elements[1], n);
	for (int o = 0; o < window.out; o++)
		for (int t = 0; t < a.k; t++) {
			int in = o * a.stride - a.before + t * a.dilation, first, end;

			axis_range(&window, t, &first, &end);
			assert_int_equal(o >= first && o < end, in >= 0 && in < n);
			if (in >= 0 && in < n)
				for (int back = 0; back < 2; back++)
					pairs[back][o][in]--;
		}
	for (int back = 0; back < 2; back++)
		for (int o = 0; o < MOST; o++)
			for (int i = 0; i < MOST; i++)
				assert_int_equal(pairs[back][o][i], 0);
	arena_release(&arena);
}

static void test_length(void **state)
{
	(void)state;
	each_window(check_length);
	assert_int_equal(shape_window(28, 5, 1, 2, 2, 1, false), 28);
	assert_int_equal(shape_window(4, 5, 1, 0, 0, 1, false), 0);
	assert_int_equal(shape_window(4, 5, 1, 0, 0, 1, true), 0);
}

static void test_same(void **state)
{
	(void)state;
	each_window(check_same);
}

static void test_axis(void **state)
{
	(void)state;
	each_window(check_axis);
}

static void test_text(void **state)
{
	char text[SHAPE_TEXT];

	(void)state;
	assert_string_equal(shape_text(text, shape_image(6, 28, 14)), "6x28x14");
	assert_string_equal(shape_text(text, shape_vector(400)), "400");
	assert_string_equal(shape_text(text, shape_image(12345678, 1, 1)), "12345678x1x1");
	assert_false(shape_equal(shape_vector(4), shape_image(4, 1, 1)));
	assert_true(shape_equal(shape_image(1, 2, 3), shape_image(1, 2, 3)));
	assert_int_equal(shape_size(shape_image(3, 5, 7)), 105);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_axis),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
