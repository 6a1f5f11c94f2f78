import type { ComponentChildren } from "preact";
import logo from "../../brand.svg";

/** Decorative: the name is always in the text or the label of what holds the icon. */
export function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const Mark = () => <img class="mark" src={logo} alt="" />;

export const NewChatIcon = () => (
  <Icon>
    <path d="M12 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-6" />
    <path d="M18.4 3.6a1.4 1.4 0 0 1 2 2L13 13l-3 1 1-3z" />
  </Icon>
);

export const SignOutIcon = () => (
  <Icon>
    <g class="directed">
      <path d="M14 4H7a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h7" />
      <path d="M11 12h10m-3.5-3.5L21 12l-3.5 3.5" />
    </g>
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5m-6 6 6-6 6 6" />
  </Icon>
);

export const StopIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <rect x="6" y="6" width="12" height="12" rx="2.5" fill="currentColor" />
  </svg>
);

export const DownIcon = () => (
  <Icon>
    <path d="M12 5v14m6-6-6 6-6-6" />
  </Icon>
);

export const RetryIcon = () => (
  <Icon>
    <path d="M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
);

export const AlertIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 8v4.5m0 3v.01" />
  </Icon>
);

export const ChevronIcon = () => (
  <Icon>
    <path d="m9 6 6 6-6 6" />
  </Icon>
);

export const SpinnerIcon = () => (
  <Icon>
    <path class="spinner" d="M12 4a8 8 0 1 1-8 8" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon>
    <rect x="9" y="9" width="11" height="11" rx="2.5" />
    <path d="M5.5 15H5a1.5 1.5 0 0 1-1.5-1.5v-8A2 2 0 0 1 5.5 3.500h8A1.5 1.5 0 0 1 15 5v.5" />
  </Icon>
);

export const EditIcon = () => (
  <Icon>
    <path d="M4 20l1-4L16.3 4.700a1.7 1.7 0 0 1 2.4 0l.6.6a1.7 1.7 0 0 1 0 2.400L8 19z" />
  </Icon>
);

const THUMB =
  "M7 10.500v9.500M7 10.500l4-7a2.3 2.3 0 0 1 2.3 2.300V9h5a2 2 0 0 1 2 2.300l-1.1 7A2 2 0 0 1 17.2 20H5a1.5 1.5 0 0 1-1.5-1.500V12A1.5 1.5 0 0 1 5 10.500z";

export const ThumbUpIcon = () => (
  <Icon>
    <path d={THUMB} />
  </Icon>
);

export const ThumbDownIcon = () => (
  <Icon>
    <path d={THUMB} transform="rotate(180 12 12)" />
  </Icon>
);

export const InfoIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 11.500V16m0-8v.01" />
  </Icon>
);

export const BulbIcon = () => (
  <Icon>
    <path d="M9 17.500h6M10 20.500h4M12 3.500a6 6 0 0 0-3.5 10.900c.5.4.8 1 .8 1.600v1.500h5.400V16c0-.6.3-1.2.8-1.600A6 6 0 0 0 12 3.500z" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 8h9m5 0h2M4 16h2m5 0h9" />
    <circle cx="15.5" cy="8" r="2.3" />
    <circle cx="8.5" cy="16" r="2.3" />
  </Icon>
);

export const SidebarIcon = () => (
  <Icon>
    <g class="directed">
      <rect x="3.5" y="4.5" width="17" height="15" rx="2.5" />
      <path d="M9.5 4.5v15" />
    </g>
  </Icon>
);

export const SearchIcon = () => (
  <Icon>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m16 16 4.5 4.5" />
  </Icon>
);

export const MoreIcon = () => (
  <Icon>
    <path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="2.6" />
  </Icon>
);

export const LinkIcon = () => (
  <Icon>
    <path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1" />
  </Icon>
);

export const DownloadIcon = () => (
  <Icon>
    <path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19.5h14" />
  </Icon>
);

export const TrashIcon = () => (
  <Icon>
    <path d="M4.5 7h15M9.5 7V5a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v2M6.5 7l.8 11.5a1.5 1.5 0 0 0 1.5 1.5h6.400a1.5 1.5 0 0 0 1.5-1.5L17.5 7" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6.5 6.5 11 11m0-11-11 11" />
  </Icon>
);

export const AttachIcon = () => (
  <Icon>
    <path d="M19.500 11.500l-7.400 7.400a4.600 4.600 0 0 1-6.500-6.500l8-8a3.100 3.100 0 0 1 4.400 4.400l-7.900 7.900a1.500 1.500 0 0 1-2.200-2.200l7.200-7.200" />
  </Icon>
);
