import { Icon } from "./icons";

export const FileIcon = () => (
  <Icon>
    <path d="M13.500 3.500H7A1.500 1.500 0 0 0 5.500 5v14A1.500 1.500 0 0 0 7 20.500h10a1.500 1.500 0 0 0 1.500-1.500V8.500z" />
    <path d="M13.500 3.500v5h5M9 13h6m-6 3.500h4" />
  </Icon>
);
