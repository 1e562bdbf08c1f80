/* Settings of agents. The first byte selects whose they are. What is accepted can be connected or is refused; taking that back gives
 * the same bytes, and so does withdrawing the entries, as far as the values go: the second time there is nothing to withdraw. */
#include <stdlib.h>
#include <string.h>

#include "capture/setup/insert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_env(const char *name) {
    (void)name;
    return NULL;
}

static void round_trip(const struct setup_world *world, const struct setup_place *place, struct bytes text) {
    static struct setup_record record; /* large */
    char note[SETUP_WHY_MAX];
    struct buf left = {.max = EDIT_TEXT_MAX};
    size_t ours = 0, same = 0;
    bool empty;
    memset(&record, 0, sizeof(record));
    int rc = edit_init(&record.edit, text, NULL);
    if (rc == 0) rc = setup_insert(world, place, &record, note, NULL);
    if (rc == 0) {
        buf_put_bytes(&left, bytes_of_buf(&record.edit.text));
        if (setup_count(world, place, bytes_of_buf(&left), &ours, &same, NULL) != 0 || same == 0) abort();
        if (edit_take_back(&record.edit, NULL) != 0 || !bytes_eq(bytes_of_buf(&record.edit.text), text)) abort();
        rc = setup_withdraw(place, " ingest hook --lenient --actor agent:", &record, &left, &empty, NULL);
        if (rc != 0 && rc != ERR_CONFLICT) abort(); /* the input may have what looks like ours, in another form */
        if (rc == 0 && (setup_count(world, place, bytes_of_buf(&left), &ours, &same, NULL) != 0 || ours != 0)) abort();
    }
    buf_done(&left);
    setup_record_done(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"claude-code", "codex", "gemini-cli"};
    static const char *const argv[] = {"/usr/bin/ledger", NULL};
    const struct setup_world world = {
        .env = no_env, .home = "/h", .root = "", .prefix = "/usr/bin/ledger", .argv = argv, .otlp = "127.0.0.1:4318"};
    struct setup_place place = {0};
    size_t ours, same;
    if (size == 0) return 0;
    struct bytes text = {data + 1, size - 1};
    place.agent = setup_agent_find(names[data[0] % 3]);
    place.form = place.agent->form;
    if (setup_check(place.form, text, NULL) == 0 && setup_count(&world, &place, text, &ours, &same, NULL) == 0 &&
        ours == 0) {
        round_trip(&world, &place, text);
    }
    return 0;
}
