/* Dependencies are kept as a hash of what was read, with a list of nodes. Nothing is removed from these lists: judging a
 * node once too often costs a moment, not judging it would give a wrong answer. */
#include "projections/walk/walk_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/mp.h"
#include "projections/fold/fold.h"
#include "projections/view/state.h"

/* What a judge read (watch.h). Its own row counts whole, another one without the columns of COLUMN_WORK. */
enum dep { DEP_ROW = 1, DEP_ROW_OF_OTHERS, DEP_RANGE, DEP_TABLE, DEP_NODE, DEP_STATUS, DEP_PART };

static uint64_t mix(uint64_t h, const void *p, size_t n) {
    const uint8_t *bytes = p;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ (h >> 29);
}

static uint64_t dep_of(enum dep dep, size_t table, struct bytes key) {
    const uint64_t head[] = {dep, table};
    return mix(mix(UINT64_C(0xcbf29ce484222325), head, sizeof(head)), key.p, key.n);
}

/* ---- maps ---- */

static struct walk_slot *slot_of(const struct walk_map *map, uint64_t hash) {
    for (size_t i = hash * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (map->room - 1);; i = (i + 1) & (map->room - 1)) {
        if (map->slots[i].value == 0 || map->slots[i].hash == hash) return &map->slots[i];
    }
}

/* The slot of that hash, created when there is none (value 0). NULL: no memory. */
static struct walk_slot *map_slot(struct walk_map *map, uint64_t hash) {
    if (2 * (map->n + 1) > map->room) {
        struct walk_map more = {.room = map->room > 0 ? 2 * map->room : 256, .n = map->n};
        more.slots = calloc(more.room, sizeof(*more.slots));
        if (more.slots == NULL) return NULL;
        for (size_t i = 0; i < map->room; i++) {
            if (map->slots[i].value != 0) {
                *slot_of(&more, map->slots[i].hash) = map->slots[i];
            }
        }
        free(map->slots);
        *map = more;
    }
    struct walk_slot *slot = slot_of(map, hash);
    if (slot->value == 0) {
        slot->hash = hash;
        map->n++;
    }
    return slot;
}

static const struct walk_slot *map_find(const struct walk_map *map, uint64_t hash) {
    const struct walk_slot *slot = map->room > 0 ? slot_of(map, hash) : NULL;
    return slot != NULL && slot->value != 0 ? slot : NULL;
}

/* ---- nodes ---- */

void walk_nodes_done(struct walk_nodes *nodes) {
    for (size_t i = 0; i < nodes->n; i++) {
        free(nodes->nodes[i].tracks);
        free((void *)(uintptr_t)nodes->nodes[i].came.p);
        free((void *)(uintptr_t)nodes->nodes[i].key.p);
    }
    free(nodes->nodes);
    free(nodes->by_key.slots);
    free(nodes->deps.slots);
    free(nodes->pairs.slots);
    free(nodes->edges);
    free(nodes->queue);
    free(nodes->later);
    free(nodes->sums);
    buf_done(&nodes->scratch);
    row_done(&nodes->rows[0]);
    row_done(&nodes->rows[1]);
}

/* Keys with equal hashes are in consecutive slots: the next one has the hash plus one. */
static uint64_t key_hash(size_t table, struct bytes key, uint32_t part_of) {
    return part_of > 0 ? dep_of(DEP_PART, part_of, key) : dep_of(DEP_NODE, table, key);
}

static size_t find(const struct walk_nodes *nodes, size_t table, struct bytes key, uint32_t part_of) {
    const struct walk_slot *slot;
    for (uint64_t hash = key_hash(table, key, part_of); (slot = map_find(&nodes->by_key, hash)) != NULL; hash++) {
        const struct walk_node *node = &nodes->nodes[slot->value - 1];
        if (node->table == table && node->part_of == part_of && bytes_eq(node->key, key)) return slot->value - 1;
    }
    return SIZE_MAX;
}

size_t walk_nodes_find(const struct walk_nodes *nodes, size_t table, struct bytes key) {
    return find(nodes, table, key, 0);
}

static int no_memory(struct err *err) {
    return err_set(err, ERR_NOMEM, "out of memory");
}

/* Creates a node that is not there yet. */
static int add(struct walk_nodes *nodes, size_t table, struct bytes key, uint32_t part_of, size_t *ret, struct err *err) {
    uint64_t hash = key_hash(table, key, part_of);
    while (map_find(&nodes->by_key, hash) != NULL) {
        hash++;
    }
    uint8_t *copy = malloc(key.n + 1);
    struct walk_slot *slot = copy != NULL ? map_slot(&nodes->by_key, hash) : NULL;
    if (slot == NULL || array_room(&nodes->nodes, nodes->n + 1, &nodes->room, sizeof(*nodes->nodes), NULL) != 0) {
        free(copy);
        return no_memory(err);
    }
    if (key.n > 0) {
        memcpy(copy, key.p, key.n);
    }
    *ret = nodes->n++;
    slot->value = (uint32_t)(*ret + 1);
    nodes->nodes[*ret] = (struct walk_node){.table = table,
                                            .key = {copy, key.n},
                                            .part_of = part_of,
                                            .answer = WATCH_ANSWERS,
                                            .deadline = INT64_MAX,
                                            .past = INT64_MIN,
                                            .presence = nodes->cause};
    return 0;
}

int walk_nodes_add(struct walk_nodes *nodes, size_t table, struct bytes key, bool wanted, size_t *ret, struct err *err) {
    size_t found = walk_nodes_find(nodes, table, key);
    int rc = found == SIZE_MAX ? add(nodes, table, key, 0, &found, err) : 0;
    if (rc != 0) return rc;
    struct walk_node *node = &nodes->nodes[found];
    size_t tracks = (size_t)__builtin_popcountll(nodes->columns[table]);
    if (wanted && !node->wanted) {
        node->tracks = calloc(tracks + 1, sizeof(*node->tracks));
        node->wanted = node->tracks != NULL;
    }
    *ret = found;
    return wanted && !node->wanted ? no_memory(err) : 0;
}

void walk_nodes_dirty(struct walk_nodes *nodes, size_t at) {
    struct walk_node *node = &nodes->nodes[at];
    if (node->dirty) return;
    int rc = node->sums ? array_room(&nodes->later, nodes->n_later + 1, &nodes->later_room, sizeof(*nodes->later), NULL)
                        : array_room(&nodes->queue, nodes->queued + 1, &nodes->queue_room, sizeof(*nodes->queue), NULL);
    if (rc != 0) {
        nodes->rc = ERR_NOMEM;
        return;
    }
    node->dirty = true;
    if (node->sums) {
        nodes->later[nodes->n_later++] = (uint32_t)at;
    } else {
        nodes->queue[nodes->queued++] = (uint32_t)at;
        nodes->parts_are_right = false;
    }
}

/* ---- who looks at what ---- */

static void depend(struct walk_nodes *nodes, size_t node, uint64_t on) {
    struct walk_slot *pair = map_slot(&nodes->pairs, mix(on, &node, sizeof(node)));
    if (pair == NULL || pair->value != 0) {
        nodes->rc = pair == NULL ? ERR_NOMEM : nodes->rc;
        return;
    }
    struct walk_slot *slot = map_slot(&nodes->deps, on);
    if (slot == NULL ||
        array_room(&nodes->edges, nodes->n_edges + 1, &nodes->edges_room, sizeof(*nodes->edges), NULL) != 0) {
        nodes->rc = ERR_NOMEM;
        return;
    }
    pair->value = 1;
    nodes->edges[nodes->n_edges++] = (struct walk_edge){.node = (uint32_t)node, .next = slot->value};
    slot->value = (uint32_t)nodes->n_edges;
}

static bool has_dependents(const struct walk_nodes *nodes, uint64_t on) {
    return map_find(&nodes->deps, on) != NULL;
}

static void dirty_dependents(struct walk_nodes *nodes, uint64_t on) {
    const struct walk_slot *slot = map_find(&nodes->deps, on);
    for (uint32_t i = slot != NULL ? slot->value : 0; i != 0; i = nodes->edges[i - 1].next) {
        walk_nodes_dirty(nodes, nodes->edges[i - 1].node);
    }
}

static struct walk_nodes *nodes_of(struct watch *watch) {
    return (struct walk_nodes *)(void *)watch;
}

static void on_look(struct watch *watch, enum watch_what what, size_t table, struct bytes key) {
    static const enum dep deps[] = {[WATCH_ROW] = DEP_ROW_OF_OTHERS,
                                    [WATCH_JUDGED] = DEP_NODE,
                                    [WATCH_RANGE] = DEP_RANGE,
                                    [WATCH_TABLE] = DEP_TABLE,
                                    [WATCH_STATUS] = DEP_STATUS};
    struct walk_nodes *nodes = nodes_of(watch);
    if (nodes->current == SIZE_MAX || table == SIZE_MAX) return;
    const struct walk_node *node = &nodes->nodes[nodes->current];
    bool own = what == WATCH_ROW && node->table == table && bytes_eq(node->key, key);
    nodes->looked += what == WATCH_ROW || what == WATCH_JUDGED;
    depend(nodes, nodes->current, dep_of(own ? DEP_ROW : deps[what], table, key));
}

static void on_work(struct watch *watch, size_t rows) {
    nodes_of(watch)->looked += rows;
}

static void on_time(struct watch *watch, int64_t moment) {
    struct walk_nodes *nodes = nodes_of(watch);
    if (nodes->current != SIZE_MAX) {
        struct walk_node *node = &nodes->nodes[nodes->current];
        bool coming = moment > (int64_t)state_now(nodes->view);
        node->deadline = coming && moment < node->deadline ? moment : node->deadline;
        node->past = !coming && moment > node->past ? moment : node->past;
    }
}

void walk_nodes_stopped(struct walk_nodes *nodes) {
    dirty_dependents(nodes, dep_of(DEP_STATUS, 0, (struct bytes){0}));
}

/* ---- what changed ---- */

/* What judges of other rows ignore: in a stored row, and in a judged one. */
static bool is_aside(const struct state_column *column, bool judged) {
    static const char *const names[] = {"updated_seq", "violations", "violation", "violation_seq",
                                        "since",       "since_seq",  "evidence"};
    size_t n = judged ? sizeof(names) / sizeof(names[0]) : 4;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(column->name, names[i]) == 0) return true;
    }
    return (column->flags & COLUMN_WORK) != 0;
}

/* Of a counter of work, judges of other rows know whether it has begun: an unused permission is one. */
static bool is_counter(const struct state_column *column) {
    return (column->flags & (COLUMN_WORK | COLUMN_TIME | COLUMN_SEQ)) == COLUMN_WORK && column->type == CELL_INT;
}

static void hash_row(struct walk_nodes *nodes, const struct row *row, bool judged, uint8_t ret[WALK_HASH]) {
    uint8_t hash[HASH_LEN];
    buf_clear(&nodes->scratch);
    for (size_t i = 0; i < row->table->n_columns; i++) {
        if (!is_aside(&row->table->columns[i], judged)) {
            row_put_cell(&row->cells[i], &nodes->scratch);
        } else if (is_counter(&row->table->columns[i])) {
            buf_put_u8(&nodes->scratch, row_int(row, i) != 0);
        }
    }
    const struct bytes all = bytes_of_buf(&nodes->scratch);
    nodes->rc = nodes->scratch.fail != 0 ? ERR_NOMEM : nodes->rc;
    hash_parts(hash, &all, 1);
    memcpy(ret, hash, WALK_HASH);
}

static bool same_for_others(struct walk_nodes *nodes, size_t table, struct bytes before, struct bytes after) {
    uint8_t hash[2][WALK_HASH];
    const struct bytes sides[] = {before, after};
    for (size_t i = 0; i < 2; i++) {
        nodes->rows[i].table = state_table(nodes->view, table);
        if (row_decode(&nodes->rows[i], sides[i], NULL, 0, NULL) != 0) return false;
        hash_row(nodes, &nodes->rows[i], false, hash[i]);
    }
    return memcmp(hash[0], hash[1], WALK_HASH) == 0;
}

/* The row is counted in these sums, or from now on. */
static void dirty_parts(struct walk_nodes *nodes, size_t table, struct bytes key, bool there) {
    for (size_t i = 0; i < nodes->n_sums; i++) {
        if (nodes->sums[i].table != table) continue;
        size_t part = find(nodes, table, key, (uint32_t)(i + 1));
        int rc = part == SIZE_MAX && there ? add(nodes, table, key, (uint32_t)(i + 1), &part, NULL) : 0;
        nodes->rc = rc != 0 ? rc : nodes->rc;
        if (part != SIZE_MAX) {
            walk_nodes_dirty(nodes, part);
        }
    }
}

void walk_nodes_changed(struct walk_nodes *nodes, size_t table, struct bytes key, struct bytes before, struct bytes after) {
    uint64_t others = dep_of(DEP_ROW_OF_OTHERS, table, key), whole = dep_of(DEP_TABLE, table, (struct bytes){0});
    bool came_or_went = (before.n == 0) != (after.n == 0);
    size_t node = walk_nodes_find(nodes, table, key);
    const struct state_table *t = state_table(nodes->view, table);
    if (node == SIZE_MAX && nodes->columns[table] != 0 && after.n > 0 &&
        (nodes->plan->wants == NULL || nodes->plan->wants(nodes->plan->ctx, t, key))) {
        int rc = walk_nodes_add(nodes, table, key, true, &node, NULL);
        nodes->rc = rc != 0 ? rc : nodes->rc;
    }
    if (node != SIZE_MAX) {
        walk_nodes_dirty(nodes, node);
    }
    dirty_parts(nodes, table, key, after.n > 0);
    dirty_dependents(nodes, dep_of(DEP_ROW, table, key));
    bool watched = has_dependents(nodes, others) || has_dependents(nodes, whole);
    if (watched && (came_or_went || !same_for_others(nodes, table, before, after))) {
        dirty_dependents(nodes, others);
        dirty_dependents(nodes, whole);
    }
    if (came_or_went) {
        dirty_dependents(nodes, dep_of(DEP_NODE, table, key));
        dirty_dependents(nodes, dep_of(DEP_RANGE, table, (struct bytes){0}));
        for (size_t i = 0; i < key.n; i++) {
            if (key.p[i] == 0x01) {
                dirty_dependents(nodes, dep_of(DEP_RANGE, table, (struct bytes){key.p, i + 1}));
            }
        }
        dirty_dependents(nodes, dep_of(DEP_RANGE, table, key));
    }
}

bool walk_nodes_read(const struct walk_nodes *nodes, size_t table, struct bytes key, bool came_or_went) {
    const struct bytes none = {0};
    bool read = has_dependents(nodes, dep_of(DEP_ROW_OF_OTHERS, table, key)) ||
                has_dependents(nodes, dep_of(DEP_TABLE, table, none)) ||
                has_dependents(nodes, dep_of(DEP_NODE, table, key));
    read = read || (came_or_went && (has_dependents(nodes, dep_of(DEP_RANGE, table, none)) ||
                                     has_dependents(nodes, dep_of(DEP_RANGE, table, key))));
    for (size_t i = 0; i < key.n && came_or_went && !read; i++) {
        read = key.p[i] == 0x01 && has_dependents(nodes, dep_of(DEP_RANGE, table, (struct bytes){key.p, i + 1}));
    }
    return read;
}

/* ---- judging ---- */

static size_t on_begin(struct watch *watch, size_t table, struct bytes key) {
    struct walk_nodes *nodes = nodes_of(watch);
    size_t before = nodes->current, at;
    int rc = walk_nodes_add(nodes, table, key, false, &at, NULL);
    if (rc != 0) {
        nodes->rc = rc;
        return before;
    }
    nodes->current = at;
    nodes->nodes[at].deadline = INT64_MAX;
    nodes->nodes[at].past = INT64_MIN;
    depend(nodes, at, dep_of(DEP_ROW, table, key));
    return before;
}

bool walk_hash(const struct row *row, size_t column, uint8_t ret[WALK_HASH]) {
    uint8_t hash[HASH_LEN];
    struct buf value = {.max = 2 * ROW_BYTES_MAX};
    row_put_cell(&row->cells[column], &value);
    bool good = value.fail == 0;
    const struct bytes all = bytes_of_buf(&value);
    hash_parts(hash, &all, 1);
    memcpy(ret, hash, WALK_HASH);
    buf_done(&value);
    return good;
}

/* The newest moment that its judge, and what it counted, found past. */
static int64_t past_of(const struct walk_nodes *nodes, const struct walk_node *node) {
    int64_t past = node->past;
    for (size_t i = 0; i < nodes->n && node->sums; i++) {
        const struct walk_node *part = &nodes->nodes[i];
        bool counted = part->part_of > 0 && &nodes->nodes[nodes->sums[part->part_of - 1].node] == node;
        past = counted && part->past > past ? part->past : past;
    }
    return past;
}

static void take_tracks(struct walk_nodes *nodes, struct walk_node *node, const struct row *row, bool appeared) {
    uint8_t hash[WALK_HASH];
    size_t k = 0;
    for (uint64_t left = nodes->columns[node->table] & ~WALK_PRESENCE; left != 0; left &= left - 1, k++) {
        struct walk_track *track = &node->tracks[k];
        nodes->rc = walk_hash(row, (size_t)__builtin_ctzll(left), hash) ? nodes->rc : ERR_NOMEM;
        if (appeared || memcmp(hash, track->hash, WALK_HASH) != 0) {
            uint64_t before = !appeared && track->cause.known ? track->cause.at : 0;
            memcpy(track->hash, hash, WALK_HASH);
            track->cause = nodes->cause;
            if (before > track->cause.at) { /* its source dates it before its predecessor */
                track->cause.at = before;
            }
            int64_t past = past_of(nodes, node);
            if (past > (int64_t)track->cause.at) { /* recorded after it ended */
                track->cause.at = (uint64_t)past;
            }
        }
    }
}

/* The reported columns when the row appeared. */
static void keep_came(struct walk_nodes *nodes, struct walk_node *node, const struct row *row) {
    uint64_t columns = nodes->columns[node->table] & ~WALK_PRESENCE;
    buf_clear(&nodes->scratch);
    mp_put_array(&nodes->scratch, (uint32_t)__builtin_popcountll(columns));
    for (uint64_t left = columns; left != 0; left &= left - 1) {
        row_put_cell(&row->cells[__builtin_ctzll(left)], &nodes->scratch);
    }
    uint8_t *copy = nodes->scratch.fail == 0 ? malloc(nodes->scratch.n) : NULL;
    free((void *)(uintptr_t)node->came.p);
    node->came = (struct bytes){copy, copy != NULL ? nodes->scratch.n : 0};
    nodes->rc = copy == NULL ? ERR_NOMEM : nodes->rc;
    if (copy != NULL) {
        memcpy(copy, nodes->scratch.p, nodes->scratch.n);
    }
}

/* Judges by the current cause: may run more than once for it. */
static bool is_coming(const struct walk_nodes *nodes, const struct walk_node *node) {
    const struct walk_cause *now = &nodes->cause, *came = &node->presence;
    return now->known && came->known && now->seq == came->seq && (now->seq != LOG_NO_SEQ || now->at == came->at);
}

/* The row as it is now; NULL: none. */
static void take(struct walk_nodes *nodes, size_t at, const struct row *row) {
    struct walk_node *node = &nodes->nodes[at];
    uint8_t value[WALK_HASH] = {0};
    bool there = row != NULL, turned = there != node->there;
    if (there) {
        hash_row(nodes, row, true, value);
    } else {
        node->deadline = INT64_MAX;
    }
    if (turned) {
        node->there = there;
        node->presence = nodes->cause;
    }
    if (node->wanted && there) {
        take_tracks(nodes, node, row, turned);
    }
    if (node->wanted && nodes->plan->notes != NULL && nodes->plan->notes->judged != NULL) {
        int rc = nodes->plan->notes->judged(nodes->plan->ctx, node->table, node->key, row);
        nodes->rc = rc != 0 ? rc : nodes->rc;
    }
    if (node->wanted && there && nodes->plan->keep_came && is_coming(nodes, node)) {
        keep_came(nodes, node, row);
    }
    nodes->deadline = node->deadline < nodes->deadline ? node->deadline : nodes->deadline;
    if (turned || memcmp(value, node->value, WALK_HASH) != 0) {
        memcpy(node->value, value, WALK_HASH);
        dirty_dependents(nodes, dep_of(DEP_NODE, node->table, node->key));
    }
}

static void on_end(struct watch *watch, size_t before, const struct row *row) {
    struct walk_nodes *nodes = nodes_of(watch);
    if (nodes->current != SIZE_MAX && row != NULL) {
        take(nodes, nodes->current, row);
    }
    nodes->current = before;
}

static int judge(struct walk_nodes *nodes, size_t at, struct err *err) {
    struct row row;
    const struct walk_node *node = &nodes->nodes[at];
    row_init(&row, state_table(nodes->view, node->table));
    int rc = view_get_key(nodes->view, node->table, node->key, &row, err);
    if (rc == ERR_NOTFOUND || (rc == 0 && row.table->judge == NULL)) { /* a judge's end is its own note */
        take(nodes, at, rc == 0 ? &row : NULL);
        rc = 0;
    }
    row_done(&row);
    return rc;
}

/* Asks the row of a part again, and counts its answer instead of the earlier one. */
static int ask(struct walk_nodes *nodes, size_t at, struct err *err) {
    const struct walk_sum *sum = &nodes->sums[nodes->nodes[at].part_of - 1];
    const struct watch_question question = sum->question;
    struct row row;
    size_t before = nodes->current;
    unsigned answer = WATCH_ANSWERS;
    nodes->current = at;
    nodes->nodes[at].deadline = INT64_MAX;
    nodes->nodes[at].past = INT64_MIN;
    row_init(&row, state_table(nodes->view, sum->table));
    nodes->view->depth++; /* a judge reads it */
    int rc = view_get_key(nodes->view, sum->table, nodes->nodes[at].key, &row, err);
    rc = rc == 0 ? question.answer(nodes->view, &row, question.of, &answer, err) : rc == ERR_NOTFOUND ? 0 : rc;
    nodes->view->depth--;
    row_done(&row);
    nodes->current = before;
    if (rc != 0) return rc;
    struct walk_node *part = &nodes->nodes[at];
    size_t *n = nodes->sums[part->part_of - 1].n;
    nodes->deadline = part->deadline < nodes->deadline ? part->deadline : nodes->deadline;
    if (part->answer == answer) return 0;
    if (part->answer < WATCH_ANSWERS) n[part->answer]--;
    if (answer < WATCH_ANSWERS) n[answer]++;
    part->answer = (uint8_t)answer;
    walk_nodes_dirty(nodes, nodes->sums[part->part_of - 1].node);
    return 0;
}

/* A new sum, with all rows of its table. */
static int begin_sum(struct walk_nodes *nodes, size_t table, const struct watch_question *question, struct err *err) {
    struct state_rows *rows = NULL;
    struct bytes key, bytes;
    uint32_t number = (uint32_t)nodes->n_sums + 1;
    size_t at, first = nodes->n;
    if (array_room(&nodes->sums, number, &nodes->sums_room, sizeof(*nodes->sums), NULL) != 0) return no_memory(err);
    nodes->sums[nodes->n_sums++] = (struct walk_sum){.node = nodes->current, .table = table, .question = *question};
    int rc = state_rows_open(nodes->view, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = view_rows_raw(rows, &key, &bytes, err)) == 0) {
        rc = add(nodes, table, key, number, &at, err);
    }
    state_rows_close(rows);
    rc = rc == 1 ? 0 : rc;
    for (size_t i = first, end = nodes->n; i < end && rc == 0; i++) {
        rc = ask(nodes, i, err);
    }
    return rc;
}

static int on_sum(struct watch *watch, size_t table, const struct watch_question *question, size_t ret[WATCH_ANSWERS],
                  bool *ret_known, struct err *err) {
    struct walk_nodes *nodes = nodes_of(watch);
    size_t i = 0;
    *ret_known = false;
    if (nodes->current == SIZE_MAX) return 0;
    if (!nodes->parts_are_right) { /* it is asked again when they are */
        nodes->nodes[nodes->current].sums = true;
        walk_nodes_dirty(nodes, nodes->current);
        return 0;
    }
    while (i < nodes->n_sums &&
           (nodes->sums[i].node != nodes->current || nodes->sums[i].table != table ||
            nodes->sums[i].question.answer != question->answer || nodes->sums[i].question.of != question->of)) {
        i++;
    }
    int rc = i == nodes->n_sums ? begin_sum(nodes, table, question, err) : 0;
    if (rc != 0) return rc;
    memcpy(ret, nodes->sums[i].n, sizeof(nodes->sums[i].n));
    *ret_known = true;
    return 0;
}

static int judge_again(struct walk_nodes *nodes, size_t at, struct err *err) {
    nodes->nodes[at].dirty = false;
    return nodes->nodes[at].part_of > 0 ? ask(nodes, at, err) : judge(nodes, at, err);
}

int walk_nodes_settle(struct walk_nodes *nodes, struct err *err) {
    int rc = 0;
    do {
        for (size_t i = 0; rc == 0 && i < nodes->queued; i++) {
            rc = judge_again(nodes, nodes->queue[i], err);
        }
        nodes->queued = 0;
        nodes->parts_are_right = true;
        if (rc == 0 && nodes->n_later > 0) rc = judge_again(nodes, nodes->later[--nodes->n_later], err);
    } while (rc == 0 && (nodes->queued > 0 || nodes->n_later > 0));
    nodes->queued = nodes->n_later = 0;
    return rc == 0 && nodes->rc != 0 ? err_set(err, nodes->rc, "out of memory") : rc;
}

void walk_nodes_due(struct walk_nodes *nodes) {
    int64_t now = (int64_t)state_now(nodes->view);
    nodes->deadline = INT64_MAX;
    for (size_t i = 0; i < nodes->n; i++) {
        if (nodes->nodes[i].deadline <= now) {
            walk_nodes_dirty(nodes, i);
        } else if (nodes->nodes[i].deadline < nodes->deadline) {
            nodes->deadline = nodes->nodes[i].deadline;
        }
    }
}

void walk_nodes_init(struct walk_nodes *nodes, const struct walk_plan *plan, const uint64_t *columns) {
    *nodes = (struct walk_nodes){.watch = {on_look, on_time, on_work, on_begin, on_end, plan->brief ? on_sum : NULL},
                                 .plan = plan,
                                 .columns = columns,
                                 .current = SIZE_MAX,
                                 .deadline = INT64_MAX};
    buf_init(&nodes->scratch, 2 * ROW_BYTES_MAX);
    row_init(&nodes->rows[0], NULL);
    row_init(&nodes->rows[1], NULL);
}
