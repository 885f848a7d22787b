export {
  type AutomountFault,
  AutomountFileSystem,
  type AutomountParts,
  type AutomountRequest,
} from "./automount/automount-file-system.ts";
export { type AutomountMap, type MapAnswer } from "./automount/map.ts";
export { type MapParts, openAutomountMap } from "./automount/open-map.ts";
export { directoriesOf } from "./automount/stored-map.ts";
export { BindFileSystem } from "./bind-file-system.ts";
export { NfsFileSystem, type NfsFileSystemParts } from "./client/nfs-file-system.ts";
export { type FileKey, fileKey, FILE_KEY_OCTETS_MAX, fileKeyOctets, fileKeyOf } from "./file-key.ts";
export { FILE_NAME_OCTETS_MAX, fileNameLength, fileNameOctets, fileNameText, nameFault } from "./file-name.ts";
export { DnsFileSystem, type DnsTreeParts } from "./dns-tree/dns-file-system.ts";
export { domainRootSource, type FindingParts, nfsServerFinder } from "./finding/nfs-servers.ts";
export {
  type AttributeChanges,
  type Attributes,
  type Committed,
  type FileKind,
  type FileSystem,
  type FileTime,
  type Found,
  type LinkTarget,
  type ListEntry,
  type ListPart,
  type NewFile,
  type Place,
  type ReadPart,
  type Soon,
  type Space,
  type Stability,
  type Written,
} from "./file-system.ts";
export {
  formatMountOptions,
  MOUNT_OPTION_ROWS,
  MOUNT_OPTIONS_DEFAULT,
  MountOptionError,
  type MountOptionRow,
  type MountOptions,
  parseMountOptions,
} from "./options.ts";
export { type Attached, AttachError, attachFuse, type AttachOptions, nfsMountCommand } from "./fuse/attach.ts";
export { FuseDeviceError } from "./fuse/device.ts";
export { LocalDirectoryError, LocalFileSystem, type LocalFileSystemOptions } from "./local/local-file-system.ts";
export { NameTableError } from "./local/name-table.ts";
export { MemoryFileSystem, type MemoryFileSystemOptions } from "./memory-file-system.ts";
export { Mounted, type MountState, mountOf, type OpenSource, OpenSourceError, type TellState } from "./mounted.ts";
export { MountError, Mounting, type MountingParts, type MountRequest, type UnmountOptions } from "./mounting.ts";
export { NameSpace } from "./name-space.ts";
export { formatPath, isPathWithin, parsePath, PATH_OCTETS_MAX } from "./path.ts";
export { BASE_MOUNT, type MountPlace, type MountRow, MountTable } from "./table.ts";
export { type ExportRow, MountTableError, MountTableStore } from "./table-store.ts";
export { type LastLink, Walker, type Walked, type WalkFault, type WalkStep } from "./walk.ts";
export { type FoundServers, type ServerAddress, type ServerFinder, ServerNotFound } from "./server-finder.ts";
export { isStatus, type Status, statuses, statusText } from "./status.ts";
export { type AutoSource, formatSource, type NfsSource, parseSource, type Source } from "./source.ts";
export { SourceError } from "./source-cursor.ts";
export {
  type AuthState,
  type CallHeader,
  type Credential,
  type Denial,
  readCall,
  type ReadCall,
  readReply,
  type Refusal,
  type ReplyHeader,
  writeCall,
  writeDenial,
  writeRefusal,
  writeSuccess,
} from "./rpc/message.ts";
export { RecordError, RecordReader } from "./rpc/record-reader.ts";
export { XdrError, XdrReader } from "./rpc/xdr-reader.ts";
export { XdrWriter } from "./rpc/xdr-writer.ts";
export { NFS_PROCEDURES, MOUNT_PROCEDURES } from "./nfs/procedures.ts";
export { type NfsExport } from "./server/exports.ts";
export { HandleStore, HandleStoreError } from "./server/handle-store.ts";
export { type NfsServerCounters, type NfsServerLimits } from "./server/limits.ts";
export { NfsServer, type NfsServerParts } from "./server/nfs-server.ts";
export { type Procedure } from "./nfs/procedure.ts";
