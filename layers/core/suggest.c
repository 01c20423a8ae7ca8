/* suggest -- see suggest.h. Names are short, so the whole table of distances is three rows on the
 * stack; a name longer than LONGEST has no neighbours. */
#include "layers/core/suggest.h"

#include "layers/core/parts.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 64 };

/* What people coming from elsewhere write. */
static const char *const synonyms[][2] = {
	{"dense", "linear"},
	{"fc", "linear"},
	{"fully_connected", "linear"},
	{"conv", "conv2d"},
	{"convolution", "conv2d"},
	{"pool", "max_pool2d"},
	{"max_pooling2d", "max_pool2d"},
	{"average_pooling2d", "avg_pool2d"},
	{"average_pool2d", "avg_pool2d"},
	{"batchnorm", "batch_norm2d"},
	{"units", "out_features"},
	{"filters", "out_channels"},
	{"channels", "out_channels"},
	{"pool_size", "kernel_size"},
	{"window", "kernel_size"},
	{"use_bias", "bias"},
	{"rate", "p"},
	{"alpha", "negative_slope"},
	{"learning_rate", "lr"},
	{"batch", "batch_size"},
	{"minibatch_size", "batch_size"},
	{"max_epochs", "epochs"},
	{"step_lr", "step"},
	{"multi_step_lr", "multistep"},
	{"exponential_lr", "exponential"},
	{"cosine_annealing_lr", "cosine"},
	{"scheduler", "lr_schedule"},
	{"warmup", "warmup_epochs"},
	{"optim", "optimizer"},
	{"num_epochs", "epochs"},
	{"layers", "network"},
	{"model", "network"},
	{"net", "network"},
	{"data", "dataset"},
	{"knobs", "params"},
	{"parameters", "params"},
	{"base", "extends"},
	{"inherits", "extends"},
	{"mse", "squared_error"},
	{"mse_loss", "squared_error"},
	{"l2_loss", "squared_error"},
	{"softmax_cross_entropy", "cross_entropy"},
	{"cross_entropy_loss", "cross_entropy"},
	{"fmnist", "fashion-mnist"},
	{"fashion", "fashion-mnist"},
	{"kernel", "kernel_size"},
	{"strides", "stride"},
	{"xavier", "xavier_uniform"},
	{"glorot_uniform", "xavier_uniform"},
	{"kaiming", "kaiming_uniform"},
	{"he_uniform", "kaiming_uniform"},
	{"stddev", "std"},
	{"sigma", "std"},
	{"sd", "std"},
	{"average", "mean"},
};

static int distance_in_rows(const char *a, int n, const char *b, int m)
{
	int rows[3][LONGEST + 1];

	for (int j = 0; j <= m; j++)
		rows[0][j] = j;
	for (int i = 1; i <= n; i++) {
		int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
		row[0] = i;
		for (int j = 1; j <= m; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = smaller(row[j], smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

int edit_distance(const char *a, const char *b, int limit)
{
	size_t n = strlen(a), m = strlen(b);
	int distance;

	if (n > LONGEST || m > LONGEST)
		return limit + 1;
	distance = distance_in_rows(a, (int)n, b, (int)m);
	return distance > limit ? limit + 1 : distance;
}

/* Lower-case letters alone; the "2d" of avg_pool2d goes too. */
static void skeleton(char out[LONGEST + 1], const char *name)
{
	int n = 0;

	if (!strncmp(name, "torch.", 6))
		name += 6;
	if (!strncmp(name, "nn.", 3))
		name += 3;
	for (size_t i = 0; name[i] && n < LONGEST; i++) {
		bool dimension = name[i] == 'd' && i > 0 && name[i - 1] == '2';
		if (isalpha((unsigned char)name[i]) && !dimension)
			out[n++] = (char)tolower((unsigned char)name[i]);
	}
	out[n] = 0;
}

bool suggestion_same(const char *a, const char *b)
{
	char x[LONGEST + 1], y[LONGEST + 1];

	skeleton(x, a);
	skeleton(y, b);
	return x[0] && !strcmp(x, y);
}

static bool is_synonym(const char *wrong, const char *name)
{
	for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
		if (suggestion_same(synonyms[i][0], wrong) && !strcmp(synonyms[i][1], name))
			return true;
	return false;
}

void suggestion_try(struct suggestion *suggestion, const char *name)
{
	const char *wrong = suggestion->wrong;
	int limit = (int)(strlen(wrong) + 1) / 3;
	int distance = edit_distance(wrong, name, limit);

	if (distance > 0 && (is_synonym(wrong, name) || suggestion_same(wrong, name)))
		distance = limit = 1;
	if (distance > limit || (suggestion->best && distance >= suggestion->distance))
		return;
	suggestion->best = name;
	suggestion->distance = distance;
}

void suggestion_try_options(struct suggestion *suggestion, const struct option *options)
{
	for (; options && options->name; options++)
		suggestion_try(suggestion, options->name);
}

void suggestion_try_kinds(struct suggestion *suggestion, const struct family *family)
{
	for (const struct kind *const *kind = family->kinds; *kind; kind++)
		suggestion_try(suggestion, (*kind)->name);
}

char *suggestion_text(const struct suggestion *suggestion, char text[SUGGESTION_TEXT])
{
	text[0] = 0;
	if (suggestion->best)
		snprintf(text, SUGGESTION_TEXT, "; did you mean '%s'?", suggestion->best);
	return text;
}
