/* The clauses of the box are rows of the table "clauses": those that do not pass with what they say, the worst first, the others
 * by their names alone. What they say is put together anew from the messages, each argument being treated as a field of its name
 * is elsewhere in the report: a word of a finished sentence does not tell whether it is a name. */
#include "export/support/doctor.h"

#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "projections/rows/list.h"
#include "projections/rows/named.h"
#include "projections/verdict/messages.h"
#include "projections/view/state.h"
#include "projections/walk/since.h"

#define PAGE_MAX ((size_t)1 << 20)

enum { FAIL, WARN, UNKNOWN, PASS, LEFT_OUT, STATES };
static const char *const states[STATES] = {[FAIL] = "fail", [WARN] = "warn", [UNKNOWN] = "unknown", [PASS] = "pass"};

struct page {
    struct support_redact *redact;
    struct state_view *view;
    struct buf said[STATES]; /* of the clauses in this state */
    uint64_t n[STATES];
};

static int state_of(const struct row *row) {
    int state = 0;
    while (state < LEFT_OUT && !named_is(row, "state", states[state])) {
        state++;
    }
    return state;
}

/* What may leave of a text. */
static void put_kept(struct page *page, enum support_class class, struct bytes text, struct buf *out) {
    size_t mark = out->n;
    page->redact->names.sentences = true;
    bool kept = support_text(&page->redact->names, class, text, out);
    page->redact->names.sentences = false;
    if (!kept) {
        out->n = out->fail == 0 ? mark : out->n;
        buf_put_str(out, "(left out)");
        page->redact->left_out++;
    }
}

/* Arguments that are no fields, and that the program itself makes. */
static enum support_class class_of(const char *name) {
    enum support_class class = support_class_of(bytes_of(name));
    bool own = strcmp(name, "probe") == 0 || strcmp(name, "time") == 0 || strcmp(name, "date") == 0;
    return class == SUPPORT_NONE && own ? SUPPORT_WORD : class;
}

/* Sentences of other judges: what they quote are names, which nobody can tell the class of. From the first quote to the last
 * all is left out, since a name may have quotes of its own. */
static bool is_sentence(const char *name) {
    static const char *const names[] = {"reason", "asked", "words", "error", "why",   "what",  "now",  "changed",
                                        "none",   "some",  "how",   "part",  "count", "which", "files"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) return true;
    }
    return false;
}

static void put_sentence(struct page *page, enum support_class class, struct bytes text, struct buf *out) {
    const uint8_t *first = text.n > 0 ? memchr(text.p, '\'', text.n) : NULL;
    const uint8_t *last = text.n > 0 ? memrchr(text.p, '\'', text.n) : NULL;
    struct buf bare = {.max = PAGE_MAX};
    if (first == NULL) {
        put_kept(page, class, text, out);
        return;
    }
    buf_put_bytes(&bare, (struct bytes){text.p, (size_t)(first - text.p)});
    buf_put_str(&bare, "(a name)");
    buf_put_bytes(&bare, (struct bytes){last + 1, (size_t)(text.p + text.n - last - 1)});
    put_kept(page, class, bytes_of_buf(&bare), out);
    page->redact->left_out++;
    buf_done(&bare);
}

static void put_message(struct page *page, struct bytes map, struct buf *out) {
    char names[MESSAGE_ARGS_MAX][32];
    struct message_arg args[MESSAGE_ARGS_MAX];
    struct buf kept[MESSAGE_ARGS_MAX];
    struct message message;
    size_t n = message_args(map, names, args);
    for (size_t i = 0; i < n; i++) {
        buf_init(&kept[i], PAGE_MAX);
        if (args[i].is_text) {
            (is_sentence(args[i].name) ? put_sentence : put_kept)(page, class_of(args[i].name), args[i].text, &kept[i]);
            args[i].text = bytes_of_buf(&kept[i]);
        }
    }
    if (message_find(mp_get_text(map, "id"), &message)) {
        message_fill(message_text(&message, args, n), args, n, out);
    } else {
        buf_put_str(out, "(a message of another version)");
    }
    for (size_t i = 0; i < n; i++) {
        buf_done(&kept[i]);
    }
}

/* The message ids follow in parentheses. */
static void put_messages(struct page *page, struct bytes said, struct buf *out) {
    struct list list;
    struct bytes item;
    list_open(&list, said);
    while (list_next(&list, &item)) {
        buf_put_str(out, "- ");
        put_message(page, item, out);
        buf_put_str(out, " (");
        put_kept(page, SUPPORT_WORD, mp_get_text(item, "id"), out);
        buf_put_str(out, ")\n");
    }
}

/* A text of the program's. */
static void put_own(const char *label, struct bytes text, struct buf *out) {
    if (text.n > 0) {
        buf_printf(out, "- %s", label);
        buf_put_bytes(out, text);
        buf_put_str(out, "\n");
    }
}

/* Of a command, the program and its first word: what follows may be a name. */
static void put_command(struct bytes command, struct buf *out) {
    size_t n = 0, words = 0;
    while (n < command.n && (words += command.p[n] == ' ') < 2) {
        n++;
    }
    put_own("remedy: ", (struct bytes){command.p, n}, out);
    if (n > 0 && n < command.n && out->n > 0) {
        out->n--;
        buf_put_str(out, " ...\n");
    }
}

static void put_since(const struct row *row, struct buf *out) {
    char text[TEXT_TIME_MAX];
    if (!named_has(row, "since")) return;
    text_time(text, (uint64_t)named_int(row, "since"));
    buf_printf(out, "- since: %s", text);
    if (named_has(row, "since_seq")) {
        buf_printf(out, ", by event %lld", (long long)named_int(row, "since_seq"));
    }
    buf_put_str(out, "\n");
}

static void put_evidence(const struct row *row, struct buf *out) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t column = named_column(row, "evidence");
    size_t n = column != SIZE_MAX ? row_seqs(row, column, seqs, ROW_SEQS_MAX) : 0;
    n = n < ROW_SEQS_MAX ? n : ROW_SEQS_MAX;
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s%llu", i == 0 ? "- events: " : ", ", (unsigned long long)seqs[i]);
    }
    buf_put_str(out, n > 0 ? "\n" : "");
}

static void put_clause(struct page *page, int state, const struct row *row) {
    struct buf *out = &page->said[state];
    struct bytes id = named_text(row, "clause");
    page->n[state]++;
    if (state >= PASS) {
        buf_put_str(out, out->n > 0 ? ", " : "");
        buf_put_bytes(out, id);
        return;
    }
    buf_printf(out, "\n## %s: ", states[state]);
    buf_put_bytes(out, id);
    buf_put_str(out, "\n\n");
    put_messages(page, named_list(row, "messages"), out);
    put_own("asks: ", named_text(row, "question"), out);
    put_since(row, out);
    put_evidence(row, out);
    put_own("first: ", named_text(row, "first"), out);
    put_command(named_text(row, "remedy"), out);
}

/* The row of a listing is borrowed: since when is asked of one of its own. */
static int put_row(struct page *page, size_t table, struct bytes id, struct err *err) {
    const struct bytes key[] = {{0}, id};
    struct row row;
    row_init(&row, state_table(page->view, table));
    int rc = state_get(page->view, table, key, 2, &row, err);
    if (rc == 0) rc = since_find(page->view, &row, err);
    if (rc == 0) {
        put_clause(page, state_of(&row), &row);
    }
    row_done(&row);
    return rc;
}

static int read_all(struct page *page, struct err *err) {
    const struct bytes box = {0};
    size_t table = state_table_find(page->view, "clauses");
    struct state_rows *rows = NULL;
    const struct row *row;
    if (table == SIZE_MAX) return 0;
    int rc = state_rows_open(page->view, table, &box, 1, &rows, err);
    while (rc == 0 && (rc = state_rows_next_stored(rows, &row, err)) == 0) {
        rc = put_row(page, table, named_text(row, "clause"), err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int put_page(struct page *page, struct buf *out, struct err *err) {
    static const int order[] = {FAIL, WARN, UNKNOWN, PASS};
    char at[TEXT_TIME_MAX];
    int rc = 0;
    text_time(at, state_now(page->view));
    buf_put_str(out, "# What the doctor says of this box\n\n");
    for (size_t i = 0, k = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (page->n[order[i]] == 0) continue;
        buf_printf(out, "%s%llu %s", k++ > 0 ? ", " : "", (unsigned long long)page->n[order[i]], states[order[i]]);
    }
    buf_printf(out,
               ". Judged as of %s from %llu event%s; nothing was looked at for this report. Names are replaced,\n"
               "as LEFT_OUT.md says, and of remedies only the command is here.\n",
               at, (unsigned long long)state_at(page->view), text_s(state_at(page->view)));
    for (int i = FAIL; i < PASS; i++) {
        buf_put_bytes(out, bytes_of_buf(&page->said[i]));
    }
    for (int i = PASS; i < STATES; i++) {
        if (page->n[i] == 0) continue;
        buf_printf(out, "\n## %s\n\n", i == PASS ? "pass" : "does not apply");
        buf_put_bytes(out, bytes_of_buf(&page->said[i]));
        buf_put_str(out, "\n");
    }
    for (int i = 0; i < STATES && rc == 0; i++) {
        rc = buf_check(&page->said[i], "the doctor's page", err);
    }
    return rc == 0 ? buf_check(out, "the doctor's page", err) : rc;
}

int support_doctor(struct support_redact *redact, struct ledger *ledger, const volatile int *stop, struct buf *out,
                   struct err *err) {
    struct page page = {.redact = redact};
    struct state_options options;
    for (int i = 0; i < STATES; i++) {
        buf_init(&page.said[i], PAGE_MAX);
    }
    int rc = state_options_present(ledger, &options, err);
    options.stop = stop;
    if (rc == 0) rc = state_open(ledger, &options, &page.view, err);
    if (rc == 0) rc = read_all(&page, err);
    if (rc == 0) rc = put_page(&page, out, err);
    state_close(page.view);
    for (int i = 0; i < STATES; i++) {
        buf_done(&page.said[i]);
    }
    return rc;
}
