import type { ClusterConnection } from './protocol.ts';
import type { Link } from './stream.ts';

/** Whether what the page shows is up to date. */
export interface State {
  /** A class of the style sheet. */
  readonly look: 'good' | 'waiting' | 'bad';
  readonly word: string;
  readonly sentences: readonly string[];
  /** When the page stopped being up to date. RFC 3339. */
  readonly since?: string;
}

/** Returns the state of both connections together. The page is up to date only if both work. */
export function stateOf(link: Link, cluster: ClusterConnection): State {
  switch (link.state) {
    case 'Connecting':
      return { look: 'waiting', word: 'Connecting …', sentences: [] };
    case 'Lost':
      return { look: 'bad', word: 'Reconnecting …', sentences: [link.sentence] };
    case 'Refused':
      return { look: 'bad', word: 'Stopped', sentences: [link.sentence] };
    case 'Live':
      break;
    default:
      return link satisfies never;
  }
  switch (cluster.state) {
    case 'Connecting':
      return { look: 'waiting', word: 'Loading …', sentences: [] };
    case 'Live':
      return { look: 'good', word: 'Live', sentences: [] };
    case 'Unreachable':
      return { look: 'bad', word: 'Cluster unreachable', ...cluster };
    case 'Forbidden':
      return { look: 'bad', word: 'No access', ...cluster };
    case 'Failed':
      return { look: 'bad', word: 'Not up to date', ...cluster };
    default:
      return cluster satisfies never;
  }
}
