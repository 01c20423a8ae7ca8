/* utf8 -- see utf8.h. */
#include "runner/config/utf8.h"

#include <string.h>

enum { BRIEF_CHARACTERS = 40 };

size_t utf8_next(const char *text, size_t left, uint32_t *code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)text[0];
	size_t length = lead < 0x80 ? 1 : 0;

	if (lead >> 5 == 0x06)
		length = 2;
	else if (lead >> 4 == 0x0e)
		length = 3;
	else if (lead >> 3 == 0x1e)
		length = 4;
	if (!length || length > left)
		return 0;
	*code = length == 1 ? lead : lead & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (byte >> 6 != 2)
			return 0;
		*code = *code << 6 | (byte & 0x3fu);
	}
	if (*code < smallest[length] || (*code >= 0xd800 && *code <= 0xdfff) || *code > 0x10ffff)
		return 0;
	return length;
}

bool utf8_is_printable(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return code != 0x7f && (code < 0x80 || code > 0x9f || code == 0x85) && code != 0xfeff &&
	       code != 0xfffe && code != 0xffff;
}

bool utf8_is_text(const char *text, size_t length)
{
	for (size_t i = 0, step; i < length; i += step) {
		uint32_t code;
		step = utf8_next(text + i, length - i, &code);
		if (!step || !utf8_is_printable(code))
			return false;
	}
	return true;
}

const char *utf8_full_width(const char *text, size_t length, char *sign)
{
	/* the full-width forms lie in the order of ASCII, from U+FF01 for '!' on */
	static const char signs[] = ":,[]{}#-$\"'|>";

	for (size_t i = 0, step; i < length; i += step) {
		uint32_t code;
		step = utf8_next(text + i, length - i, &code);
		if (!step)
			step = 1;
		else if (code >= 0xff01 && code <= 0xff5e && strchr(signs, (int)(code - 0xfee0))) {
			*sign = (char)(code - 0xfee0);
			return text + i;
		}
	}
	return NULL;
}

char *utf8_brief(const char *text, char out[UTF8_BRIEF])
{
	size_t left = strlen(text), used = 0;

	for (int n = 0; left > 0; n++) {
		uint32_t code;
		size_t step = utf8_next(text, left, &code);
		if (n == BRIEF_CHARACTERS) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (!step || !utf8_is_printable(code) || code < ' ') {
			out[used++] = step && code < ' ' ? ' ' : '?';
			step = step ? step : 1;
		} else {
			memcpy(out + used, text, step);
			used += step;
		}
		text += step;
		left -= step;
	}
	out[used] = 0;
	return out;
}
