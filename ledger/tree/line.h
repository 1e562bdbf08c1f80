/* Lines: the text formats of this folder (range proofs, checkpoints, tlog-proofs, key files, policies) are read line by
 * line, and their errors name the line. */
#ifndef LEDGER_TREE_LINE_H
#define LEDGER_TREE_LINE_H

#include "base/bytes.h"

struct line_reader {
    struct bytes rest; /* what has not been read */
    size_t number;     /* of the line last given; the first is 1 */
};

void line_init(struct line_reader *reader, struct bytes text);
/* The next line without its LF. False, with nothing consumed, when no LF is left; whoever accepts a last line without LF
 * looks at rest. */
bool line_next(struct line_reader *reader, struct bytes *ret);
/* The next field of *line: cuts off what is before the first space (or everything) and the space itself. False when
 * the line has ended. Two spaces give an empty field. */
bool line_field(struct bytes *line, struct bytes *ret);

#endif
