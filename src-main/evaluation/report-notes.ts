// What a report says of the images that it was measured on: how they were chosen, and what the network is known to have seen of them.
import { cropRetrievalBias } from './crop-retrieval.ts';
import type { CropProtocol, LabelProtocol } from './protocol.ts';

/**
 * Whether the network has learned from the folder's images, and a checkpoint was chosen by them: `here`, here as it was before images,
 * labels or splits changed (`changed`), only `elsewhere`, or nobody knows.
 */
export type Acquaintance = 'here' | 'changed' | 'elsewhere' | 'unknown';
type Stranger = Exclude<Acquaintance, 'here' | 'changed'>;
const isStranger = (learned: Acquaintance): learned is Stranger => learned === 'elsewhere' || learned === 'unknown';

/** What is known of the network's history. */
export interface History {
  readonly learned: Acquaintance;
  /** Contents of the folder that are known to be among those of a folder that was learned from, where it is not that folder: `unknown` then. */
  readonly common: number;
  /** Whether the network was trained to make crops of an image agree, which is nearly what crop retrieval asks. */
  readonly agreed: boolean;
  /** Whether an earlier version made the run's choices, by another half of a folder without a split than is asked now. */
  readonly chosenOtherwise: boolean;
}

const count = (value: number): string => value.toLocaleString('en');

/** Names of classes in one sentence; folders may be thousands. */
const namesShown = 12;

const validationQueries =
  'These are validation queries, which help choose the best checkpoint: that flatters it slightly. Otherwise a report uses held-out queries, if there are enough.';

const cropPurpose: Readonly<Record<'choosing' | 'reporting', string>> = {
  choosing: validationQueries,
  reporting: 'Held-out queries come first; where a small folder has too few, validation queries are used too.',
};

const strangers: Readonly<Record<Stranger, string>> = {
  elsewhere: 'This network was not trained on the images of this folder, and none of them helped choose the checkpoint.',
  unknown:
    'The run was trained on another folder; it is not known whether some of these images were in it too, or where its starting weights come from.',
};

function strangerNote(learned: Stranger, common: number): string {
  if (common === 0) return strangers[learned];
  const those = common === 1 ? 'One image of this folder is' : `${count(common)} images of this folder are`;
  return `${those} also among those of a folder that the run, or the weights it began with, learned from: training may have seen them, and they may have helped choose the checkpoint.`;
}

const inNoHeldOut = 'that are in no validation or test split';

/** Those of the images that training has seen, as part of a sentence; undefined where there are none, or nobody knows. */
function seenByTraining({ images, unseen }: CropProtocol, learned: Acquaintance): string | undefined {
  if (isStranger(learned) || unseen?.length === images.length) return undefined;
  if (learned === 'changed') return 'those of these images that were there';
  return unseen && unseen.length > 0 ? `those of these images ${inNoHeldOut}` : 'these same images';
}

/** What a lead by crop retrieval shows, since training practises nearly that, and what would show more. */
function practiceNote(protocol: CropProtocol, learned: Acquaintance, agreed: boolean): string {
  const seen = seenByTraining(protocol, learned);
  const [on, has] = seen === undefined ? ['', ''] : [`, on ${seen}`, `Training has seen ${seen}. `];
  const practice = agreed ? `This is close to what training practises${on}: making crops of one image agree. ` : has;
  return `${practice}A lead over raw pixels shows that something was learned, not that neighbouring images are of the same kind: labels for about 120 images (from folders or a CSV file) would show that, or a look at neighbours.`;
}

export function cropNotes(protocol: CropProtocol, { learned, common, agreed }: History): string[] {
  const { reason, purpose = 'choosing', bank } = protocol;
  return [
    reason,
    cropRetrievalBias,
    practiceNote(protocol, learned, agreed),
    isStranger(learned) ? strangerNote(learned, common) : cropPurpose[purpose],
    `The spaces are fitted on the crops of ${count(bank.length)} other images.`,
  ];
}

/** The same of a folder that is split here; a test part without anything to look it up in, for want of labels, is split too. */
function seenOfSplit({ unseen }: LabelProtocol, learned: Acquaintance): string | undefined {
  if (isStranger(learned) || unseen === 'all') return undefined;
  if (learned === 'changed') return 'those that were there';
  return unseen === 'some' ? `those of them ${inNoHeldOut}` : 'them all';
}

export function labelNotes(protocol: LabelProtocol, { learned, common, chosenOtherwise }: History): string[] {
  const { leftOut, repeated, purpose = 'choosing', queriesFor = 'both', shared = 0, classes } = protocol;
  const folds = new Set(protocol.folds).size;
  const byHash =
    folds > 1
      ? `Images were split by their hash into ${folds} folds, so that more of them are queries, each with a bank that leaves it out`
      : 'Bank and queries were split by the hash of the images';
  const seen = seenOfSplit(protocol, learned);
  const bySplit = `${byHash}${seen === undefined ? '' : `; training has seen ${seen}, without their labels`}.`;
  const asksToChoose = (queriesFor === 'both' ? purpose : queriesFor) === 'choosing';
  // Which of a test part ask for what goes by their order, and without one by their contents.
  const mixed =
    protocol.split === 'folders'
      ? learned === 'changed' && 'The folder has changed since the run began'
      : chosenOtherwise && 'The run was trained by an earlier version';
  const untouched = mixed
    ? `${mixed}: some of these queries may have helped choose the checkpoint.`
    : 'These are held-out queries: none helped choose the checkpoint.';
  const chosenBy = asksToChoose ? validationQueries : untouched;
  const notes = [
    protocol.split === 'folders' ? 'Bank and queries are splits of the folder.' : bySplit,
    isStranger(learned) ? strangerNote(learned, common) : chosenBy,
  ];
  if (purpose === 'reporting' && shared > 0 && !isStranger(learned)) {
    notes[1] = `Too few images to hold some out: in ${shared} of ${classes.length} classes these same queries helped choose the checkpoint.`;
  }
  if (leftOut.length > 0) {
    const more = leftOut.length > namesShown ? ` and ${leftOut.length - namesShown} more` : '';
    notes.push(`Left out, too few images: ${leftOut.slice(0, namesShown).join(', ')}${more}.`);
  }
  if (repeated > 0) notes.push(`${repeated} queries are copies of images of the bank, which flatters every row.`);
  return notes;
}
