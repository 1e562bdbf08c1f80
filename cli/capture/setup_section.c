/* [NAME], the mark, the settings. Empty lines after them are not part of it: another section may follow. */
#include "cli/capture/setup_section.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/text.h"

#define MARK      "# Added by 'ledger setup --apply"
#define OTLP      " --otlp"
#define REST      "'; '--undo' removes it while it is as it was written: "
#define DIGEST    16
#define LINES_MAX ((size_t)16 << 10)

static void digest_of(struct bytes lines, char ret[2 * HASH_LEN + 1]) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &lines, 1);
    text_hex(ret, digest, HASH_LEN);
    ret[DIGEST] = '\0';
}

enum setup_section setup_section_look(const struct sources_entry *entry, bool receiver) {
    char digest[2 * HASH_LEN + 1];
    const char *mark = MARK OTLP REST;
    const uint8_t *at = memmem(entry->text.p, entry->text.n, mark, strlen(mark));
    if (at == NULL && !receiver) {
        mark = MARK REST;
        at = memmem(entry->text.p, entry->text.n, mark, strlen(mark));
    }
    if (at == NULL) return SETUP_SECTION_OTHERS;
    size_t head = (size_t)(at - entry->text.p), n = entry->text.n - head - strlen(mark);
    const uint8_t *given = at + strlen(mark);
    while (n > DIGEST + 2 && given[n - 1] == '\n' && given[n - 2] == '\n') {
        n--;
    }
    if (n < DIGEST + 2 || given[DIGEST] != '\n' || head != strlen(entry->name) + 3) return SETUP_SECTION_CHANGED;
    digest_of((struct bytes){given + DIGEST + 1, n - DIGEST - 1}, digest);
    return memcmp(digest, given, DIGEST) == 0 ? SETUP_SECTION_OURS : SETUP_SECTION_CHANGED;
}

int setup_section_add(const struct setup_sections *s, const char *name, struct bytes lines, struct err *err) {
    struct sources_edit edit;
    struct log_receipt receipt;
    struct buf text = {.max = LINES_MAX};
    char digest[2 * HASH_LEN + 1];
    digest_of(lines, digest);
    buf_printf(&text, MARK "%s" REST "%s\n", s->receiver ? OTLP : "", digest);
    buf_put_bytes(&text, lines);
    int rc = buf_check(&text, "section", err);
    if (rc == 0) rc = sources_edit_add(&edit, s->cli->dir, name, bytes_of_buf(&text), err);
    buf_done(&text);
    if (rc != 0) return rc;
    rc = sources_edit_check(&edit, name, err);
    if (rc == 0) {
        const struct sources_event event = {.kind = "setup.applied", .name = name, .actor = s->actor};
        rc = sources_edit_apply(s->ledger, &edit, &event, &receipt, err);
    }
    sources_edit_done(&edit);
    return rc;
}

static int check_ours(const struct setup_sections *s, const char *name, struct err *err) {
    struct sources_conf conf = {0};
    int rc = sources_conf_load(&conf, s->cli->dir, err);
    const struct sources_entry *entry = rc == 0 ? sources_conf_find(&conf, name) : NULL;
    if (rc == 0 && (entry == NULL || setup_section_look(entry, s->receiver) != SETUP_SECTION_OURS)) {
        rc = err_set(err, entry == NULL ? ERR_NOTFOUND : ERR_CONFLICT, "the source '%s' in " SOURCES_CONF " %s", name,
                     entry == NULL ? "is not there" : "is not as setup wrote it");
    }
    sources_conf_done(&conf);
    return rc;
}

int setup_section_drop(const struct setup_sections *s, const char *name, struct err *err) {
    struct sources_edit edit;
    struct log_receipt receipt;
    const struct sources_event event = {.kind = "setup.undone", .name = name, .actor = s->actor};
    int rc = check_ours(s, name, err);
    if (rc == 0) rc = sources_edit_remove(&edit, s->cli->dir, name, err);
    if (rc != 0) return rc;
    edit.no_empty = true;
    rc = sources_edit_apply(s->ledger, &edit, &event, &receipt, err);
    sources_edit_done(&edit);
    return rc;
}

int setup_section_units(const struct setup_sections *s, const char *const *names, size_t n, bool undoes) {
    const struct sources_names units = {names, n};
    struct err err = {0};
    int rc = n > 0 ? sources_units_change(s->cli, s->ledger, &units, undoes, &err) : 0;
    return rc == 0 ? 0 : rc == ERR_CONFLICT ? cli_fail_as(s->cli, &err, EXIT_NO) : cli_fail_input(s->cli, &err);
}
