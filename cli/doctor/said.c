/* Messages by their ids, so that an answer of an older log speaks the present words. */
#include "cli/doctor/said.h"

#include <string.h>

#include "base/mp.h"
#include "cli/print/words.h"
#include "cli/view/phrase.h"
#include "projections/rows/list.h"
#include "projections/verdict/messages.h"

static void put_message(struct bytes map, struct buf *out) {
    char names[MESSAGE_ARGS_MAX][32];
    struct message_arg args[MESSAGE_ARGS_MAX];
    struct message message;
    struct buf room = {.max = ROW_TEXT_MAX};
    size_t n = message_args(map, names, args);
    if (!message_find(mp_get_text(map, "id"), &message)) {
        phrase_put(mp_get_text(map, "words"), out); /* of another version of this program */
        return;
    }
    unsigned long count = 0;
    for (size_t i = 0; i < n && message.count != NULL; i++) {
        count = strcmp(args[i].name, message.count) == 0 && args[i].n > 0 ? (unsigned long)args[i].n : count;
    }
    phrase_args(args, n, &room);
    message_fill(message.count != NULL ? words_n(message.one, message.text, count) : words(message.text), args, n, out);
    buf_done(&room);
}

void said_reason(const struct clause *clause, struct buf *out) {
    struct list list;
    struct bytes item;
    size_t n = 0;
    list_open(&list, clause->messages);
    while (list_next(&list, &item)) {
        buf_put_str(out, n++ > 0 ? "; " : "");
        put_message(item, out);
    }
    if (n == 0) {
        phrase_put(clause->reason, out);
    }
}

void said_text(struct bytes english, struct buf *out) {
    char text[1024];
    if (english.n >= sizeof(text)) {
        buf_put_bytes(out, english);
        return;
    }
    bytes_copy(text, english);
    text[english.n] = '\0';
    buf_put_str(out, english.n > 0 ? words(text) : "");
}

void said_time(uint64_t ns, enum when_style style, uint64_t now, struct buf *out) {
    struct buf text = {.max = 64};
    when_text(&text, ns, style, now);
    phrase_put(bytes_of_buf(&text), out);
    buf_done(&text);
}

void said_number(const char *text, const char *name, uint64_t n, struct buf *out) {
    const struct message_arg arg = message_int(name, (int64_t)n);
    message_fill(text, &arg, 1, out);
}

void said_name(const char *text, const char *name, const char *value, struct buf *out) {
    const struct message_arg arg = message_words(name, bytes_of(value));
    message_fill(text, &arg, 1, out);
}
