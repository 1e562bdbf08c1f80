/* Answers of other programs as canonical maps, read forgivingly.
 *
 *   member  values by their names; one of another type counts as absent
 *   served  what a server of models says of itself, for those that record it and those that look whether it is there
 *
 * Sees: base.
 */
#ifndef BASE_ANSWER_ROOM_H
#define BASE_ANSWER_ROOM_H

#endif
