/* A text is held against all patterns, and the one with the most literal bytes is taken: "permission net is not granted" is
 * the rule "permission {what} is {why}", whose last part is the phrase "not granted". A pattern's literal parts must be
 * there in their order; each placeholder takes what is before the next one. Texts from outside that look like a phrase are
 * translated like one, which changes their language and not what they say. */
#include "cli/view/phrase.h"

#include <ctype.h>
#include <string.h>

#include "cli/print/words.h"
#include "projections/ready/readiness.h"

#define DEPTH_MAX   4
#define LITERAL_MIN 2 /* bytes besides blanks: fewer say nothing */
#define PIECE_MAX   ((size_t)16 << 10)

static const char *const phrases[] = {
#define PHRASE(text) text,
#include "cli/view/phrase.def"
#undef PHRASE
};
#define PHRASES (sizeof(phrases) / sizeof(phrases[0]))

/* A pattern that fits. */
struct fit {
    const struct message *message; /* with a text for one; NULL: there is one text */
    const char *text;              /* the pattern */
    size_t literal, n;
    char names[MESSAGE_ARGS_MAX][32];
    struct message_arg args[MESSAGE_ARGS_MAX];
};

static bool is_among(const char *name, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, names[i]) == 0) return true;
    }
    return false;
}

static bool is_number(const char *name) {
    static const char *const names[] = {"n", "of", "event", "seq", "days", "ms", "plan", "erased", "since"};
    return is_among(name, names, sizeof(names) / sizeof(names[0]));
}

static bool is_words(const char *name) {
    static const char *const names[] = {"words", "reason", "why",   "what", "now",   "changed", "none", "some",  "how",
                                        "part",  "answer", "count", "role", "state", "planned", "max",  "status"};
    return is_among(name, names, sizeof(names) / sizeof(names[0]));
}

static bool is_digits(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit(text.p[i])) return false;
    }
    return text.n > 0;
}

/* Where the literal is in `text`; at its end, if nothing follows it in the pattern. SIZE_MAX: nowhere. */
static size_t find(struct bytes text, const char *literal, size_t n, bool last) {
    if (text.n < n) return SIZE_MAX;
    if (last) return memcmp(text.p + text.n - n, literal, n) == 0 ? text.n - n : SIZE_MAX;
    const uint8_t *at = n > 0 ? memmem(text.p, text.n, literal, n) : text.p;
    return at != NULL ? (size_t)(at - text.p) : SIZE_MAX;
}

/* Takes what is before the literal that begins at `literal` as the argument of this name. */
static bool take(struct fit *fit, const char *name, size_t n_name, struct bytes *text, const char *literal, size_t n) {
    size_t at = find(*text, literal, n, literal[n] == '\0');
    if (at == SIZE_MAX || fit->n == MESSAGE_ARGS_MAX || n_name >= sizeof(fit->names[0])) return false;
    char *own = fit->names[fit->n];
    bytes_copy(own, (struct bytes){(const uint8_t *)name, n_name});
    own[n_name] = '\0';
    fit->args[fit->n++] = (struct message_arg){.name = own, .is_text = true, .text = {text->p, at}};
    *text = (struct bytes){text->p + at, text->n - at};
    return !is_number(own) || is_digits((struct bytes){text->p - at, at});
}

/* Does the text have the pattern's form? */
static bool fits(const char *pattern, struct bytes text, struct fit *ret) {
    *ret = (struct fit){.text = pattern};
    while (*pattern != '\0') {
        const char *end = *pattern == '{' ? strchr(pattern, '}') : NULL;
        const char *literal = end != NULL ? end + 1 : pattern;
        size_t n = strcspn(literal, "{");
        if (end != NULL && !take(ret, pattern + 1, (size_t)(end - pattern - 1), &text, literal, n)) return false;
        if (text.n < n || memcmp(text.p, literal, n) != 0) return false;
        for (size_t i = 0; i < n; i++) {
            ret->literal += literal[i] != ' ';
        }
        text = (struct bytes){text.p + n, text.n - n};
        pattern = literal + n;
    }
    return text.n == 0 && ret->literal >= LITERAL_MIN;
}

static void offer(const char *pattern, const struct message *message, struct bytes text, struct fit *best) {
    struct fit fit;
    if (pattern == NULL || !fits(pattern, text, &fit) || fit.literal <= best->literal) return;
    *best = fit;
    best->message = message;
    for (size_t i = 0; i < best->n; i++) {
        best->args[i].name = best->names[i];
    }
}

static void put(struct bytes english, unsigned depth, struct buf *out);

/* The words among the arguments, themselves taken apart; a piece that does not fit in `room` stays as it is. */
static void put_args(struct message_arg *args, size_t n, unsigned depth, struct buf *room) {
    size_t from[MESSAGE_ARGS_MAX], to[MESSAGE_ARGS_MAX];
    for (size_t i = 0; i < n; i++) {
        from[i] = room->n;
        if (args[i].is_text && is_words(args[i].name)) {
            put(args[i].text, depth, room);
        }
        to[i] = room->n;
    }
    for (size_t i = 0; i < n && room->fail == 0; i++) { /* only now does it stay where it is */
        if (to[i] > from[i]) args[i].text = (struct bytes){room->p + from[i], to[i] - from[i]};
    }
}

/* What is before the first ": ", a finding in short or a name: "no scores: nothing was scored", "disk: full". Returns its
 * length, with the colon; 0: there is none. */
static size_t put_lead(struct bytes english, struct buf *out) {
    const uint8_t *at = english.n > 0 ? memmem(english.p, english.n, ": ", 2) : NULL;
    if (at == NULL) return 0;
    struct bytes lead = {english.p, (size_t)(at - english.p)};
    const char *word = NULL;
    for (size_t i = 0; i < READINESS_RULES && word == NULL; i++) {
        word = readiness_rules[i].word != NULL && bytes_is(lead, readiness_rules[i].word) ? words(readiness_rules[i].word)
                                                                                          : NULL;
    }
    if (word != NULL) {
        buf_put_str(out, word);
    } else {
        buf_put_bytes(out, lead);
    }
    buf_put_str(out, ": ");
    return lead.n + 2;
}

static void put_part(struct bytes english, unsigned depth, struct buf *out) {
    struct fit best = {0};
    struct buf room = {.max = PIECE_MAX};
    for (size_t i = 0; i < PHRASES; i++) {
        offer(phrases[i], NULL, english, &best);
    }
    for (size_t i = 0; i < READINESS_RULES; i++) {
        offer(readiness_rules[i].words, NULL, english, &best);
    }
    for (size_t i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
        offer(messages[i].text, messages[i].count != NULL ? &messages[i] : NULL, english, &best);
        offer(messages[i].one, messages[i].count != NULL ? &messages[i] : NULL, english, &best);
    }
    size_t lead = best.literal == 0 && depth < DEPTH_MAX ? put_lead(english, out) : 0;
    if (best.literal > 0) {
        const struct message *m = best.message;
        put_args(best.args, best.n, depth + 1, &room);
        message_fill(m != NULL ? words_n(m->one, m->text, best.text == m->one ? 1 : 2) : words(best.text), best.args,
                     best.n, out);
    } else if (lead > 0) {
        put_part((struct bytes){english.p + lead, english.n - lead}, depth + 1, out);
    } else {
        buf_put_bytes(out, english);
    }
    buf_done(&room);
}

static void put(struct bytes english, unsigned depth, struct buf *out) {
    static const char between[] = "; ";
    const size_t n = sizeof(between) - 1;
    for (;;) {
        const uint8_t *at = english.n > 0 ? memmem(english.p, english.n, between, n) : NULL;
        struct bytes part = {english.p, at != NULL ? (size_t)(at - english.p) : english.n};
        if (depth < DEPTH_MAX) {
            put_part(part, depth, out);
        } else {
            buf_put_bytes(out, part);
        }
        if (at == NULL) return;
        buf_put_str(out, between);
        english = (struct bytes){at + n, english.n - part.n - n};
    }
}

void phrase_put(struct bytes english, struct buf *out) {
    put(english, 0, out);
}

void phrase_args(struct message_arg *args, size_t n, struct buf *room) {
    put_args(args, n, 0, room);
}
