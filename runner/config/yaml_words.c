/* yaml_words -- see yaml_words.h. libyaml has no numbers for its complaints, only English texts;
 * they have not changed in a decade. A text that is not known here is passed on as it is. */
#include "runner/config/yaml_words.h"

#include <ctype.h>
#include <string.h>

#include "runner/config/utf8.h"

/* One line of the text, and the byte of it that the complaint is about. */
struct line {
	const char *text;
	size_t length, at;
};

static size_t byte_of_column(const char *text, size_t length, int column)
{
	size_t at = 0;

	for (int i = 1; i < column && at < length; i++) {
		at++;
		while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80)
			at++;
	}
	return at;
}

static struct line line_at(const struct config *config, struct place place)
{
	struct line line = {.text = ""};
	const struct source *source = sources_find(config->sources, place);

	if (source) {
		line.text = source_line(source, place.line, &line.length);
		line.at = byte_of_column(line.text, line.length, place.column);
	}
	return line;
}

static int column_of_byte(const struct line *line, size_t at)
{
	int column = 1;

	for (size_t i = 0; i < at; i++)
		column += ((unsigned char)line->text[i] & 0xc0) != 0x80;
	return column;
}

/* ---- full-width punctuation */

/* True when `at` follows a key, as in `lr：0.1` or `{p：0.5}`. */
static bool follows_key(const struct line *line, size_t at)
{
	size_t start = at;

	while (start > 0 && (isalnum((unsigned char)line->text[start - 1]) ||
				    strchr("_$.", line->text[start - 1])))
		start--;
	if (start == at)
		return false;
	while (start > 0 && line->text[start - 1] == ' ')
		start--;
	return start == 0 || strchr("{,-", line->text[start - 1]);
}

/* A full-width mark that most likely stands where YAML wants its own. */
static bool find_full_width(const struct config *config, struct place place, struct place *found,
	const char **mark, char *sign)
{
	struct line line = line_at(config, place);
	size_t left = line.length;
	const char *text = line.text;

	while ((*mark = utf8_full_width(text, left, sign))) {
		size_t at = (size_t)(*mark - line.text);
		bool in_brackets = memchr(line.text, '{', at) || memchr(line.text, '[', at);
		if (in_brackets || (*sign == ':' && follows_key(&line, at)) ||
			strchr("[{", *sign)) {
			*found = place;
			found->column = column_of_byte(&line, at);
			found->length = 1;
			return true;
		}
		text = *mark + 3;
		left = line.length - at - 3;
	}
	return false;
}

bool yaml_tell_full_width(struct config *config, struct place place)
{
	struct place found;
	const char *mark;
	char sign;

	if (!find_full_width(config, place, &found, &mark, &sign))
		return false;
	config_error(config, found, "a full-width '%.3s' stands here; YAML needs '%c'%s", mark,
		sign, strchr(":,", sign) ? " and a space" : "");
	return true;
}

static bool complain_full_width(struct config *config, const struct yaml_complaint *complaint)
{
	struct place place = complaint->at;
	int first = complaint->context ? complaint->from.line : complaint->at.line;

	for (; place.line >= first && place.line > 0; place.line--)
		if (yaml_tell_full_width(config, place))
			return true;
	return false;
}

/* ---- what is known about each complaint */

static void words_bad_start(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	char c = line.at < line.length ? line.text[line.at] : ' ';

	if (c == '\t')
		config_error(config, complaint->at, "a tab cannot indent YAML; use spaces");
	else
		config_error(config, complaint->at,
			"a text cannot start with '%c'; put it in quotes", c);
}

/* The place of a whole line, from its first character that is no space to a comment. */
static struct place whole_line(const struct config *config, struct place place)
{
	struct line line;
	size_t start, end;

	place.column = 1;
	line = line_at(config, place);
	start = strspn(line.text, " ");
	start = start < line.length ? start : line.length;
	for (end = start; end < line.length && line.text[end] != '#'; end++)
		;
	while (end > start && line.text[end - 1] == ' ')
		end--;
	place.column = column_of_byte(&line, start);
	place.length = column_of_byte(&line, end) - place.column;
	return place;
}

static bool has_colon(const struct line *line)
{
	for (size_t i = 0; i < line->length; i++)
		if (line->text[i] == ':' && (i + 1 == line->length || line->text[i + 1] == ' '))
			return true;
	return false;
}

/* The first of the lines straight above that have no "key:" and stand as far in as this one, which
 * libyaml took together with it as one long key. */
static bool find_keyless(const struct config *config, struct place place, struct place *found)
{
	size_t indent = strspn(line_at(config, place).text, " ");
	bool any = false;

	while (--place.line > 0) {
		struct line line = line_at(config, place);
		size_t inset = strspn(line.text, " ");
		if (inset != indent || inset >= line.length || line.text[inset] == '#' ||
			has_colon(&line))
			break;
		*found = whole_line(config, place);
		any = true;
	}
	return any;
}

/* "a: b: c", or a line that is indented below a value. */
static void words_second_colon(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	struct place keyless;
	bool second = false;

	for (size_t i = strspn(line.text, " -"); i + 1 < line.at; i++)
		second = second || (line.text[i] == ':' && line.text[i + 1] == ' ');
	if (second)
		config_error(config, complaint->at,
			"a second ':' in this line; put the value in quotes, or the inner map in "
			"braces");
	else if (find_keyless(config, complaint->at, &keyless))
		config_error(config, keyless, "expected 'key: value' in this line");
	else
		config_error(config, whole_line(config, complaint->at),
			"this line is indented below one that has a value already; indent it as "
			"far as the key above");
}

/* A line without "key: value" among the keys of a map. */
static void words_no_colon(struct config *config, const struct yaml_complaint *complaint)
{
	struct place place =
		whole_line(config, complaint->context ? complaint->from : complaint->at);
	struct line line = line_at(config, place);
	const char *colon = memchr(line.text + line.at, ':', line.length - line.at);

	if (!colon) {
		config_error(config, place, "expected 'key: value' in this line");
		return;
	}
	place.column = column_of_byte(&line, (size_t)(colon - line.text));
	place.length = 1;
	config_error(config, place, "a space is missing after ':'");
}

/* True when nothing follows the place. */
static bool is_end(const struct config *config, struct place place)
{
	const struct source *source = sources_find(config->sources, place);
	struct line line = line_at(config, place);

	return source && place.line >= source->n_lines && line.at >= line.length;
}

/* A list or map in brackets. */
static void words_unclosed(struct config *config, const struct yaml_complaint *complaint)
{
	bool list = strstr(complaint->problem, "']'");

	if (is_end(config, complaint->at)) {
		config_error(config, complaint->from, "'%c' is never closed: a '%c' is missing",
			list ? '[' : '{', list ? ']' : '}');
		return;
	}

	if (complaint->from.line == complaint->at.line) {
		config_error(config, complaint->at, "expected ',' or '%c' here", list ? ']' : '}');
		config_note(config, complaint->from, "the %s starts here", list ? "list" : "map");
		return;
	}
	config_error(config, complaint->from,
		"'%c' is not closed: a '%c' or a ',' is missing before line %d", list ? '[' : '{',
		list ? ']' : '}', complaint->at.line);
	config_note(config, complaint->at, "this does not fit any more");
}

static void words_unclosed_quote(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->from, "this quote is never closed");
}

/* What is wrong with the character where a key was expected; false when it says nothing. */
static bool words_of_character(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	char here = line.at < line.length ? line.text[line.at] : ' ';
	char before = line.at > 0 ? line.text[line.at - 1] : ' ';

	if (here == ']' || here == '}')
		config_error(config, complaint->at, "a '%c' too many", here);
	else if (here == ':')
		config_error(config, complaint->at, "a key is missing before ':'");
	else if (before == '\'')
		config_error(config, complaint->at,
			"the text in quotes ends before this; write '' for a quote inside it");
	else if (before == '"')
		config_error(config, complaint->at,
			"the text in quotes ends before this; write \\\" for a quote inside it");
	else
		return false;
	return true;
}

static void words_no_key(struct config *config, const struct yaml_complaint *complaint)
{
	struct line line = line_at(config, complaint->at);
	bool is_item = line.at < line.length && line.text[line.at] == '-';

	if (words_of_character(config, complaint))
		return;
	if (is_item && strspn(line.text, " ") == line.at)
		config_error(config, complaint->at,
			"an element of a list ('- ') cannot stand among keys: check its "
			"indentation");
	else
		config_error(config, complaint->at,
			"this does not fit here: check its indentation and the line above");
	config_note(config, complaint->from, "the map that is being read starts here");
}

static void words_no_dash(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(
		config, complaint->at, "expected another '- ' of the list, or less indentation");
	config_note(config, complaint->from, "the list starts here");
}

static void words_sequence(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at,
		"a list cannot start here; start it on a line of its own, or put it in brackets");
}

static void words_escape(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at,
		"unknown escape; write '\\\\' for a backslash, or use single quotes");
}

static void words_anchor(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->from,
		"'&' and '*' start an anchor's name; put the text in quotes");
}

static void words_block_tab(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at, "a tab cannot indent YAML; use spaces");
}

static void words_missing_space(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at, "a space is missing after ':'");
}

static void words_no_content(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at, "expected a value here");
}

static void words_second_document(struct config *config, const struct yaml_complaint *complaint)
{
	config_error(config, complaint->at,
		"the config ends above this line, which does not belong to it; check the "
		"indentation and the brackets");
}

static const struct {
	const char *problem;
	void (*complain)(struct config *config, const struct yaml_complaint *complaint);
} complaints[] = {
	{"found character that cannot start any token", words_bad_start},
	{"mapping values are not allowed in this context", words_second_colon},
	{"could not find expected ':'", words_no_colon},
	{"did not find expected ',' or ']'", words_unclosed},
	{"did not find expected ',' or '}'", words_unclosed},
	{"found unexpected end of stream", words_unclosed_quote},
	{"found unexpected document indicator", words_unclosed_quote},
	{"did not find expected key", words_no_key},
	{"did not find expected '-' indicator", words_no_dash},
	{"block sequence entries are not allowed in this context", words_sequence},
	{"found unknown escape character", words_escape},
	{"did not find expected alphabetic or numeric character", words_anchor},
	{"found a tab character where an indentation space is expected", words_block_tab},
	{"found a tab character that violates indentation", words_block_tab},
	{"found unexpected ':'", words_missing_space},
	{"did not find expected node content", words_no_content},
	{"did not find expected <document start>", words_second_document},
};

void yaml_complain(struct config *config, const struct yaml_complaint *complaint)
{
	const char *problem = complaint->problem ? complaint->problem : "not understood";

	if (complain_full_width(config, complaint))
		return;
	for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
		if (!strcmp(complaints[i].problem, problem)) {
			complaints[i].complain(config, complaint);
			return;
		}
	config_error(config, complaint->at, "not YAML: %s", problem);
	if (complaint->context)
		config_note(config, complaint->from, "%s", complaint->context);
}
