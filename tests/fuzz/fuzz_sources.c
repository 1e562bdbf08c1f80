/* sources.conf: a text is either refused with a message that names the file, or every section of it can be run and can be written
 * into a unit. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "capture/sources/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static void check_unit(const struct sources_entry *entry, enum sources_unit unit) {
    const struct sources_unit_place place = {"/usr/bin/ledger", "/home/a/box", "/home/a/box/keys", NULL};
    struct buf text = {.max = SOURCES_UNIT_MAX};
    if (sources_unit_has(entry, unit) && sources_unit_text(&text, entry, &place, unit, NULL) == 0) {
        must(text.n > 0 && memchr(text.p, 0, text.n) == NULL);
    }
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bytes text = {size > 0 ? data : (const uint8_t *)"", size};
    struct sources_conf conf = {0};
    struct err err = {0};
    int rc = sources_conf_parse(&conf, text, "file", &err);
    must(rc == 0 || (rc == ERR_INVALID && strncmp(err.msg, "file: ", 6) == 0));
    for (size_t i = 0; rc == 0 && i < conf.n; i++) {
        const struct sources_entry *entry = &conf.entries[i];
        struct ingest_options o;
        sources_entry_options(entry, &o);
        must(sources_name_ok(bytes_of(entry->name)) && sources_conf_find(&conf, entry->name) == entry);
        must(ingest_check_options(entry->source, &o, NULL) == 0);
        must(o.listen != NULL || o.follow || o.every_ns > 0);
        must(entry->text.p >= conf.text.p && entry->text.p + entry->text.n <= conf.text.p + conf.text.n);
        check_unit(entry, SOURCES_SERVICE);
        check_unit(entry, SOURCES_SOCKET);
    }
    sources_conf_done(&conf);
    return 0;
}
